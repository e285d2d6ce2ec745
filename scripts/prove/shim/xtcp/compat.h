/* SPDX-License-Identifier: GPL-2.0 */
/* Of the module's header of this name, what segment/options.c uses. */
#ifndef _PROVE_XTCP_COMPAT_H
#define _PROVE_XTCP_COMPAT_H

#include <arpa/inet.h>
#include <linux/types.h>
#include <string.h>

/* Only words of 32 bits are read so. */
static inline u32 get_unaligned(const void *p)
{
	u32 value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline u16 get_unaligned_be16(const void *p)
{
	u16 value;

	memcpy(&value, p, sizeof(value));
	return ntohs(value);
}

static inline u32 get_unaligned_be32(const void *p)
{
	return ntohl(get_unaligned(p));
}

static inline void put_unaligned_be16(u16 value, void *p)
{
	value = htons(value);
	memcpy(p, &value, sizeof(value));
}

#endif
