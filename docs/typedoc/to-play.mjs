/** A TypeDoc plugin: above the navigation, the way to the page that is built into the site beside the documentation. */
import { JSX } from 'typedoc';

export function load(app) {
  app.renderer.hooks.on('sidebar.begin', (context) =>
    JSX.createElement('a', { class: 'to-play', href: context.relativeURL('play/index.html') }, 'See a walk'),
  );
}
