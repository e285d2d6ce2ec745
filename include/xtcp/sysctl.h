/* SPDX-License-Identifier: GPL-2.0 */
/* The one table of knobs: admin/sysctl.c. */
#ifndef _XTCP_SYSCTL_H
#define _XTCP_SYSCTL_H

#include <linux/types.h>

struct xtcp_net;

struct xtcp_knob_row {
	const char *name;		/* under /proc/sys/net/xtcp, unit included */
	size_t offset;			/* in struct xtcp_knobs */
	u32 value;			/* default */
	u32 min;
	u32 max;
	const char *rfc;		/* where it comes from */
	const char *what;
	void (*changed)(struct xtcp_net *xn);	/* acts on those who wait; or NULL */
};

extern const struct xtcp_knob_row xtcp_knob_rows[];
extern const unsigned int xtcp_knob_count;

#endif
