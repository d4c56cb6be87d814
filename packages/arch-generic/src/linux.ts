/** Kernel versions, where the meaning of a bit depends on them. */
import { kindOf, UsageError } from '@kernel-mm/pgtable-core';

/** A kernel version, for example `6.12`, or `6.12.36` of the stable series. */
export type LinuxVersion = `${number}.${number}` | `${number}.${number}.${number}`;

/** The version whose helpers a definition follows unless another is asked for. */
export const DEFAULT_LINUX: LinuxVersion = '6.12';

const partsOf = (linux: LinuxVersion): readonly [major: number, minor: number, patch: number] => {
  checkLinux(linux);
  const [major = 0, minor = 0, patch = 0] = linux.split('.').map(Number);
  return [major, minor, patch];
};

/** Refuses what is no version. @throws UsageError `argument` */
export function checkLinux(linux: LinuxVersion): void {
  if (typeof linux !== 'string' || !/^\d{1,4}\.\d{1,4}(\.\d{1,4})?$/.test(linux))
    throw new UsageError(
      'argument',
      'linux',
      `a version such as ${DEFAULT_LINUX}, not ${typeof linux === 'string' ? linux.slice(0, 40) : kindOf(linux)}`,
    );
}

/** Whether `linux` is `from` or later. */
export function since(linux: LinuxVersion, from: LinuxVersion): boolean {
  const [major, minor, patch] = partsOf(linux);
  const [fromMajor, fromMinor, fromPatch] = partsOf(from);
  if (major !== fromMajor) return major > fromMajor;
  return minor === fromMinor ? patch >= fromPatch : minor > fromMinor;
}

/** Whether a fix is in `linux`: it came with `mainline`, and with these versions of stable series. */
export function isFixed(linux: LinuxVersion, mainline: LinuxVersion, stable: readonly LinuxVersion[]): boolean {
  const series = (version: LinuxVersion): string => partsOf(version).slice(0, 2).join('.');
  return since(linux, mainline) || stable.some((fix) => series(fix) === series(linux) && since(linux, fix));
}
