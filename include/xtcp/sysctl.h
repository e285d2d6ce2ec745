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
	const char *const *words;	/* of the values, in /proc; NULL: numbers */
	bool ends;			/* only min or max, nothing between */
	u32 safe;			/* BIT(value): needs no experiments=1; 0: all */
};

extern const struct xtcp_knob_row xtcp_knob_rows[];
extern const unsigned int xtcp_knob_count;

/* The row of the knob at @offset in struct xtcp_knobs. */
const struct xtcp_knob_row *xtcp_sysctl_row(size_t offset);

/**
 * xtcp_sysctl_check() - may a knob, or a socket's own value of it, be @value?
 * @row: of the knob
 * @value: to be
 *
 * The log says why an experiment is refused.
 * Context: process.
 * Return: 0; -EINVAL out of range; -EPERM an experiment without experiments=1.
 */
int xtcp_sysctl_check(const struct xtcp_knob_row *row, u32 value);

#endif
