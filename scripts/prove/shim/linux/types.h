/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What module/segment/ needs of the kernel's headers, for user space: the folder shim/ is
 * all there is between the sources of the module and the prover.
 */
#ifndef _PROVE_LINUX_TYPES_H
#define _PROVE_LINUX_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s32 s32;
typedef __s64 s64;

#endif
