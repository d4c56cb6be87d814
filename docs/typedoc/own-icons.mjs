/** A TypeDoc plugin: icons come from the page itself, where TypeDoc's script puts them, since a browser refuses others from disk. */
import { Renderer } from 'typedoc';

export function load(app) {
  app.renderer.on(Renderer.EVENT_END_PAGE, (page) => {
    page.contents = page.contents.replace(/href="[^"]*assets\/icons\.svg#/g, 'href="#');
  });
}
