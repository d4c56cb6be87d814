/** What a walk is handed beside its address space: a stepper, a port, arrays. They are what their types say, or a UsageError. */
import {
  checkFlags,
  checkFunction,
  checkObject,
  isArrayOf,
  type PinRequest,
  type Stepper,
  UsageError,
} from '@kernel-mm/pgtable-core';
import type { Gup } from './gup.ts';
import type { Port } from './port.ts';

/** Refuses what cannot step. @throws UsageError `argument` */
export function checkStepper(stepper: Stepper): void {
  checkObject('stepper', stepper);
  checkFunction('stepper.boundary', stepper.boundary);
  checkFunction('stepper.descend', stepper.descend);
}

/** Refuses what cannot be read through. @throws UsageError `argument` */
export function checkPort(port: Port): void {
  checkObject('port', port);
  checkObject('port.stack', port.stack);
  checkFunction('port.readOnce', port.readOnce);
}

/** Refuses counts and frames that are no such arrays. @throws UsageError `argument` */
export function checkPin(pin: PinRequest): void {
  checkFlags(pin, 'write');
  checkObject('counts', pin.counts);
  if (!isArrayOf('Int32Array', pin.counts.words) || !isArrayOf('Float64Array', pin.frames))
    throw new UsageError('argument', 'counts, frames', 'an Int32Array of counts, a Float64Array of frames');
  if (!Number.isSafeInteger(pin.counts.first)) throw new UsageError('argument', 'counts.first', 'a frame number');
}

/** Refuses what no call can be made with. @throws UsageError `argument` */
export function checkGup(gup: Gup): void {
  checkObject('gup', gup);
  checkPort(gup.port);
  if (gup.stepper !== undefined) checkStepper(gup.stepper);
  if (gup.era !== undefined) checkObject('gup.era', gup.era);
  if (gup.faults !== undefined) checkObject('gup.faults', gup.faults);
  checkFlags(gup, 'numaBalancing');
}
