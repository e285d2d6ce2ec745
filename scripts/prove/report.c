// SPDX-License-Identifier: GPL-2.0
/* The results, for people and as JSON. */

#include "report.h"

void print_result(const struct result *r, bool quiet)
{
	printf("%s %u %llu depth %u fails %d %s %.2fs %.1fM/s\n", r->lesson->name, r->x.n,
	       (unsigned long long)r->x.transitions, r->x.depth, r->x.fails, r->x.how ?: "", r->x.seconds,
	       r->x.transitions / r->x.seconds / 1e6);
	if (r->x.fails)
		print_ladder(r->lesson, &r->x.ladder);
	if (r->opened) {
		printf("segments %u\n", ladder_segments(&r->opening));
		print_ladder(r->lesson, &r->opening);
	}
}
