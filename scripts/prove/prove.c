// SPDX-License-Identifier: GPL-2.0
/*
 * Why three segments, and not two or four? Not by saying so: two control blocks and the
 * module's own state machine (module/segment/arrives.c, without a change) in a network that
 * loses, copies, delays and reorders, and every world they can get into, each once.
 *
 *   prove [--brief] [--deep] [--first] [--alone] [--json FILE] [--threads N] [NAME]...
 *
 * The lessons are in lessons.c, a world in world.h, what may happen in net.c, what must hold
 * in check.c and live.c, and how all of it is visited in explore.c. Exit status 1: one did not
 * come out as it must; --first ends there. --alone: arrives.c is not held against
 * predict.c, for faults that are put into it.
 *
 * What the model leaves out. Of the module's driver end.c is a short copy: text is sent at once
 * and acknowledged at once (no Nagle, no delayed ACK, no silly-window avoidance, no
 * congestion window); one piece of text waits ahead of order, a second one comes again; all
 * that is unacknowledged is repeated in one segment; answers have no rate limit; nobody gives
 * up (retries, keepalive, user timeout); SYN cookies, Fast Open, urgent text, SACK and the
 * simultaneous use of two ports are not there. Timestamps are those of a lesson that asks for
 * them, and of one clock. A TIME_WAIT ends when nothing is under way any more, but where its
 * length is the question. A fifth segment is lost where four are the bound.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/kernel.h>
#include "report.h"

enum { MOST_LESSONS = 64 };

struct options {
	bool brief, deep, first, alone;
	const char *json;
	unsigned int threads;
	char **names;			/* none: all of them */
};

static void refuse(void)
{
	fprintf(stderr, "usage: prove [--brief] [--deep] [--first] [--alone] [--json FILE]\n"
		"             [--threads N] [NAME]...\n");
	exit(2);
}

static const char *value_of(char ***argv)
{
	if (!*++*argv)
		refuse();
	return **argv;
}

static void parse(char **argv, struct options *o)
{
	*o = (struct options){ .threads = sysconf(_SC_NPROCESSORS_ONLN) };
	while (*++argv && !strncmp(*argv, "--", 2)) {
		if (!strcmp(*argv, "--brief"))
			o->brief = true;
		else if (!strcmp(*argv, "--deep"))
			o->deep = true;
		else if (!strcmp(*argv, "--first"))
			o->first = true;
		else if (!strcmp(*argv, "--alone"))
			o->alone = true;
		else if (!strcmp(*argv, "--json"))
			o->json = value_of(&argv);
		else if (!strcmp(*argv, "--threads"))
			o->threads = atoi(value_of(&argv));
		else
			refuse();
	}
	o->threads = max(1U, min(o->threads, 16U));
	o->names = argv;
}

static bool is_asked_for(const struct options *o, const struct lesson *l)
{
	char **name;

	for (name = o->names; *name; name++)
		if (!strcmp(*name, l->name))
			return true;
	return !*o->names;
}

static void check_names(const struct options *o)
{
	unsigned int i;
	char **name;

	for (name = o->names; *name; name++) {
		for (i = 0; i < n_lessons && strcmp(*name, lessons[i].name); i++)
			;
		if (i < n_lessons)
			continue;
		fprintf(stderr, "prove: no lesson '%s'; there are:", *name);
		for (i = 0; i < n_lessons; i++)
			fprintf(stderr, " %s", lessons[i].name);
		fprintf(stderr, "\n");
		exit(2);
	}
}

/*
 * Where nothing may fail, one accident more of each kind that there is. Not where ISNs are
 * constant: then a copy of an old SYN brings the end to life again that has no TIME_WAIT.
 */
static void deepen(struct lesson *l)
{
	if (l->fails || l->isn_constant)
		return;
	l->losses++;
	l->copies += !!l->copies;
	l->early[A] += !!l->early[A];
	l->early[B] += !!l->early[B];
}

static void judge(const struct lesson *l, unsigned int threads, struct result *r)
{
	*r = (struct result){ .lesson = l };
	explore(l, threads, &r->x);
	explored_free(&r->x);
	r->right = r->x.fails == l->fails;
	if (!l->opening)
		return;
	r->opened = find_opening(l, &r->opening);
	r->right &= r->opened && ladder_segments(&r->opening) == l->opening;
}

static bool write_json(const char *name, const struct result *r, unsigned int n)
{
	FILE *f = fopen(name, "w");

	if (f)
		json_results(r, n, f);
	if (f && !fclose(f))
		return true;
	perror(name);
	return false;
}

int main(int argc, char **argv)
{
	static struct lesson lesson[MOST_LESSONS];
	static struct result result[MOST_LESSONS];
	unsigned int i, n = 0, right = 0;
	struct options o;

	if (argc < 1)
		return 2;
	parse(argv, &o);
	check_names(&o);
	for (i = 0; i < n_lessons; i++) {
		if (!is_asked_for(&o, &lessons[i]))
			continue;
		lesson[n] = lessons[i];
		if (o.deep)
			deepen(&lesson[n]);
		lesson[n].alone = o.alone;
		judge(&lesson[n], o.threads, &result[n]);
		print_result(&result[n], o.brief);
		fflush(stdout);
		right += result[n++].right;
		if (o.first && right < n)
			break;
	}
	printf("%u of %u lessons came out as they must\n", right, n);
	if (o.json && !write_json(o.json, result, n))
		return 2;
	return right != n;
}
