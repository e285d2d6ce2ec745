/* SPDX-License-Identifier: GPL-2.0 */
/* The one table of knobs: base/knobs.c. */
#ifndef _XTCP_KNOBS_H
#define _XTCP_KNOBS_H

#include <linux/types.h>

struct xtcp_knobs;

struct xtcp_knob_row {
	const char *name;		/* under /proc/sys/net/xtcp, unit included */
	size_t offset;			/* in struct xtcp_knobs */
	u32 value;			/* default */
	u32 min;
	u32 max;
	const char *rfc;		/* where it comes from */
	const char *what;
	const char *const *words;	/* of the values, in /proc; NULL: numbers */
	bool ends;			/* only min or max, nothing between */
	u32 safe;			/* BIT(value): needs no experiments=1; 0: all */
};

extern const struct xtcp_knob_row xtcp_knob_rows[];
extern const unsigned int xtcp_knob_count;

/* The one place where defaults stand. */
void xtcp_knobs_defaults(struct xtcp_knobs *knobs);
/* Its value. */
u32 *xtcp_knobs_at(struct xtcp_knobs *knobs, const struct xtcp_knob_row *row);
/* The row of the knob at @offset in struct xtcp_knobs. */
const struct xtcp_knob_row *xtcp_knobs_row(size_t offset);

/**
 * xtcp_knobs_check() - may a knob, or a socket's own value of it, be @value?
 * @row: of the knob
 * @value: to be
 *
 * Any context.
 * Return: 0; -EINVAL out of range; -EPERM an experiment without experiments=1.
 */
int xtcp_knobs_check(const struct xtcp_knob_row *row, u32 value);

#endif
