/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROVE_LINUX_KERNEL_H
#define _PROVE_LINUX_KERNEL_H

#include <linux/types.h>

#define max(a, b) ((a) > (b) ? (a) : (b))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define round_up(x, y) (((x) + (y) - 1) / (y) * (y))
#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))

#endif
