/** Error numbers of the calls, by Linux's names. */

/** An error. */
export type Errno =
  | 'EINTR'
  | 'EAGAIN'
  | 'ENOMEM'
  | 'EFAULT'
  | 'EEXIST'
  | 'EINVAL'
  | 'EOVERFLOW'
  | 'EOPNOTSUPP'
  | 'EHWPOISON'
  | 'EREMOTEIO';

/** Linux's numbers (include/uapi/asm-generic); the calls return them negated. */
export const ERRNO: Readonly<Record<Errno, number>> = {
  ...{ EINTR: 4, EAGAIN: 11, ENOMEM: 12, EFAULT: 14, EEXIST: 17, EINVAL: 22, EOVERFLOW: 75, EOPNOTSUPP: 95 },
  ...{ EREMOTEIO: 121, EHWPOISON: 133 },
};
