/** Kernel versions, where the meaning of a bit depends on them. */

/** A kernel version, for example `6.12`. */
export type LinuxVersion = `${number}.${number}`;

/** The version whose helpers a definition follows unless another is asked for. */
export const DEFAULT_LINUX: LinuxVersion = '6.12';

/** Whether `linux` is `from` or later. */
export function since(linux: LinuxVersion, from: LinuxVersion): boolean {
  const [major = 0, minor = 0] = linux.split('.').map(Number);
  const [fromMajor = 0, fromMinor = 0] = from.split('.').map(Number);
  return major > fromMajor || (major === fromMajor && minor >= fromMinor);
}
