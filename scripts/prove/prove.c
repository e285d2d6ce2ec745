// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "report.h"

int main(int argc, char **argv)
{
	unsigned int i;
	int a;

	for (i = 0; i < n_lessons; i++) {
		struct result r = { .lesson = &lessons[i] };

		for (a = 1; a < argc; a++)
			if (!strcmp(argv[a], lessons[i].name))
				break;
		if (argc > 1 && a == argc)
			continue;
		explore(r.lesson, 2, &r.x);
		if (r.lesson->opening)
			r.opened = find_opening(r.lesson, &r.opening);
		print_result(&r, false);
		explored_free(&r.x);
	}
	return 0;
}
