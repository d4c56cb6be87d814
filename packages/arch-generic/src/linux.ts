/** Kernel versions, where the meaning of a bit depends on them. */

/** A kernel version, for example `6.12`, or `6.12.36` of the stable series. */
export type LinuxVersion = `${number}.${number}` | `${number}.${number}.${number}`;

/** The version whose helpers a definition follows unless another is asked for. */
export const DEFAULT_LINUX: LinuxVersion = '6.12';

const partsOf = (linux: LinuxVersion): readonly [major: number, minor: number, patch: number] => {
  const [major = 0, minor = 0, patch = 0] = linux.split('.').map(Number);
  return [major, minor, patch];
};

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
