/* SPDX-License-Identifier: GPL-2.0 */
/* Of the module's header of this name, what segment/options.c uses. */
#ifndef _PROVE_XTCP_COMPAT_H
#define _PROVE_XTCP_COMPAT_H

#include <arpa/inet.h>
#include <linux/types.h>
#include <string.h>

#define get_unaligned(p)						\
({									\
	typeof(*(p) + 0) value_;					\
									\
	memcpy(&value_, p, sizeof(value_));				\
	value_;								\
})

static inline u16 get_unaligned_be16(const void *p)
{
	return ntohs(get_unaligned((const u16 *)p));
}

static inline u32 get_unaligned_be32(const void *p)
{
	return ntohl(get_unaligned((const u32 *)p));
}

static inline void put_unaligned_be16(u16 value, void *p)
{
	value = htons(value);
	memcpy(p, &value, sizeof(value));
}

#endif
