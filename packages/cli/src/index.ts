/**
 * The command's parts that others may want: guest fixtures as address spaces, and the demo's findings as data.
 * @module
 */
export { mmOfProcess } from './guest-mm.ts';
export { guestFiles, loadGuest } from './load-guest.ts';
