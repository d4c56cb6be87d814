import { esm } from '../../tsup.base.ts';

export default esm('src/index.ts', 'src/machines.ts', 'src/main.ts');
