import { esm } from '../../tsup.base.ts';

export default esm('src/index.ts', 'src/testing/index.ts');
