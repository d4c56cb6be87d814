import { esm } from '../../tsup.base.ts';

export default esm('src/index.ts', 'src/files.ts', 'src/main.ts');
