/* SPDX-License-Identifier: GPL-2.0 */
/* What was found, told. */
#ifndef _PROVE_REPORT_H
#define _PROVE_REPORT_H

#include <stdio.h>
#include "explore.h"

struct result {
	const struct lesson *lesson;
	struct explored x;
	bool right;			/* it came out as the lesson says */
	bool opened;
	struct ladder opening;		/* the shortest, for lessons that ask for it */
};

/* ladder.c */
void print_ladder(const struct lesson *l, const struct ladder *ladder);
void json_ladder(const struct lesson *l, const struct ladder *ladder, FILE *f);
/* Segments that arrive on it. */
unsigned int ladder_segments(const struct ladder *ladder);

/* report.c */
void print_result(const struct result *r, bool quiet);
void json_results(const struct result *r, unsigned int n, FILE *f);

#endif
