/** Guests, each a script that is loaded when it is chosen; and files that are dropped on the page. */
import { FixtureError, type Guest, readGuest } from '@kernel-mm/pgtable-core/guest';

declare global {
  var kernelMmGuest: (name: string, json: string, memory: string) => void;
  /** The names of the guests that lie beside the page: put in when it is built. */
  const GUESTS: readonly string[];
}

const loaded = new Map<string, Promise<Guest>>();
const waiting = new Map<string, (files: readonly [string, string]) => void>();

/** Called by the scripts beside the page. */
export function listen(): void {
  globalThis.kernelMmGuest = (name, json, memory) => waiting.get(name)?.([json, memory]);
}

/** A guest by its name; rejected in words where there is none. */
export function guestOf(name: string): Promise<Guest> {
  const known = loaded.get(name);
  if (known) return known;
  const guest = GUESTS.includes(name)
    ? load(name)
    : Promise.reject(new FixtureError('missing', 'guest', `one of the list, not ${name}`));
  loaded.set(name, guest);
  return guest;
}

async function load(name: string): Promise<Guest> {
  const files = await new Promise<readonly [string, string]>((resolve, reject) => {
    waiting.set(name, resolve);
    const script = document.createElement('script');
    script.src = `guests/${name}.js`;
    script.onerror = () => reject(new FixtureError('missing', `guests/${name}.js`, 'a file beside this page'));
    document.head.append(script);
  });
  const [json, memory] = await Promise.all(
    files.map((text) => plain(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)))),
  );
  return readGuest(JSON.parse(new TextDecoder().decode(json)), memory!);
}

/** The most bytes that a file unpacks to here: a browser holds them all. */
const MAX_BYTES = 2 ** 28;

/**
 * What is in a file: of gzip, what was packed.
 * @throws FixtureError for gzip that is not whole, or unpacks to more than {@link MAX_BYTES}
 */
export async function plain(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let total = 0; ; ) {
    const { value } = await reader.read().catch(() => {
      throw new FixtureError('truncated', 'file', 'a whole gzip file');
    });
    if (!value) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    chunks.push(value);
    total += value.length;
    if (total <= MAX_BYTES) continue;
    void reader.cancel();
    throw new FixtureError('format', 'file', `at most ${MAX_BYTES} bytes, unpacked`);
  }
}
