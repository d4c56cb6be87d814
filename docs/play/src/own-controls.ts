/** What somebody brings: an image of memory, and a definition. */
import { checkRaw } from '@kernel-mm/cli/machines';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import { h, labelled } from './dom.ts';
import { plain } from './guests.ts';
import { type Controls, numberInput, type Page } from './page.ts';
import { inWords, mmuFor } from './space.ts';
import { hex } from './state.ts';

/** A file that is chosen or dropped, and its root register. */
export function imageControls(page: Page): Controls {
  const root = numberInput((value) => page.change({ root: value, step: 1 }));
  const said = h('output', {});
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      const bytes = await file.arrayBuffer().catch(() => {
        throw new FixtureError('missing', 'file', 'a file that the browser can read and hold');
      });
      const image = await plain(new Uint8Array(bytes));
      checkRaw(image, 'file');
      said.textContent = `${file.name}: ${image.length} bytes`;
      page.bring({ image });
    } catch (error) {
      said.textContent = `${file.name}: ${inWords(error)}`;
    }
  };
  const input = h('input', { type: 'file', id: 'image', change: () => void take(input.files?.[0]) });
  const drop = (event: Event): void => {
    event.preventDefault();
    if (event instanceof DragEvent && event.type === 'drop') void take(event.dataTransfer?.files[0]);
  };
  return {
    element: h(
      'div',
      { class: 'drop', dragover: drop, drop },
      labelled('Raw memory from physical 0, plain or gzip: choose it, or drop it here', input),
      labelled('Root register', root),
      said,
    ),
    follow(state) {
      root.value = hex(state.root);
    },
  };
}

/** A definition as JSON. */
export function definitionControls(page: Page): HTMLElement {
  const text = h('textarea', { rows: '6', spellcheck: 'false', id: 'definition' });
  const said = h('output', {});
  const use = (): void => {
    try {
      const { arch } = mmuFor('own', { definition: text.value });
      said.textContent = `${arch.id} is used`;
      page.bring({ definition: text.value });
      page.change({ arch: 'own', step: 1 });
    } catch (error) {
      said.textContent = inWords(error);
    }
  };
  return h(
    'details',
    {},
    h('summary', {}, 'A definition of your own'),
    labelled('As JSON (kernel-mm arch show ID --json)', text),
    h('button', { type: 'button', click: use }, 'Use it'),
    said,
  );
}
