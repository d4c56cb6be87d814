/**
 * Every machine that the command knows, and fixtures as address spaces. Nothing here needs Node: the page uses it too.
 * @module
 */
export { mmOfProcess, type Space, spaceOfKernel, spaceOfProcess } from './guest-mm.ts';
export { checkRaw, IMAGE_HEAD, type ImageFormat, imageFormatOf } from './image-format.ts';
export { crosses, PresentPages, untagged } from './present-runs.ts';
export { archOf, MMU_IDS, mmuOf, versionOf } from './registry.ts';
