/** A TypeDoc plugin: each export is filed under the question of a reader, by the source file that it stands in. */
import { readFileSync } from 'node:fs';
import { Application, Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';

const categories = JSON.parse(readFileSync(new URL('categories.json', import.meta.url), 'utf8'));
const order = ['Guides', 'Packages', ...Object.keys(categories), 'Decisions'];
/** Folders end in `/`; the longest place that fits says it. */
const places = Object.entries(categories)
  .flatMap(([category, files]) => files.map((file) => [file, category]))
  .sort(([a], [b]) => b.length - a.length);

const file = ({ packageName, packagePath }) => `${packageName.replace('@kernel-mm/', '')}/${packagePath}`;
const tag = (category) => new CommentTag('@category', [{ kind: 'text', text: category }]);
const top = ReflectionKind.Module | ReflectionKind.Project;

export function load(app) {
  // after comments have got to where they belong, before TypeDoc sorts by them
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    app.options.setValue('categoryOrder', order);
    for (const reflection of Object.values(project.reflections)) {
      if (!reflection.parent?.kindOf(top) || reflection.kindOf(top)) continue;
      const target = reflection.isReference() ? reflection.getTargetReflectionDeep() : reflection;
      const source = file(project.getSymbolIdFromReflection(target));
      const category = places.find(([place]) => source.startsWith(place))?.[1];
      if (!category)
        app.logger.error(`${reflection.name} in ${source} has no category in docs/typedoc/categories.json`);
      if (reflection.isReference()) reflection.comment = new Comment();
      for (const { comment } of [reflection, ...(reflection.signatures ?? [])]) comment?.blockTags.push(tag(category));
    }
  });
  app.on(Application.EVENT_PROJECT_REVIVE, (project) => {
    app.options.setValue('categoryOrder', order);
    for (const child of project.childrenIncludingDocuments)
      if (child.isDocument()) child.frontmatter.category = /^\d{4} /.test(child.name) ? 'Decisions' : 'Guides';
      else child.comment = new Comment(child.comment?.summary, [...(child.comment?.blockTags ?? []), tag('Packages')]);
  });
}
