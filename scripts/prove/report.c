// SPDX-License-Identifier: GPL-2.0
/* What was found, for people and as JSON. */

#include <linux/kernel.h>
#include "report.h"

static const struct {
	const char *name, *holds;
} properties[PROPERTIES] = {
	[OWN_TEXT] = { "own-text", "no octet of another life is delivered" },
	[IN_ORDER] = { "in-order", "text is a prefix of what was written, each octet once" },
	[FIN_BEHIND_TEXT] = { "fin-behind-text", "a FIN is seen behind all text only" },
	[NUMBERS] = { "numbers", "SND.UNA =< SND.NXT and all of RFC 9293 3.3.1" },
	[STATES] = { "states", "they follow each other as in RFC 9293 figure 5" },
	[SHORT_WAY] = { "short-way", "predict.c says what arrives.c says" },
	[NO_ZOMBIE] = { "no-zombie", "from every world both ends come to rest" },
	[NO_ACK_LOOP] = { "no-ack-loop", "who only answers falls silent" },
};

/* Those of the whole graph are asked when no world broke another one. */
static bool was_asked(const struct result *r, enum property p)
{
	if (r->x.fails && r->x.fails < NO_ZOMBIE)
		return p == r->x.fails;
	if (p == SHORT_WAY)
		return !r->lesson->alone;
	if (p == NO_ZOMBIE)
		return both_stay(r->lesson);
	return !r->x.fails || p <= r->x.fails;
}

static const char *verdict_of(const struct result *r)
{
	if (r->right)
		return r->x.fails ? "fails, as it must" : "holds";
	if (r->x.fails == r->lesson->fails)
		return "OPENS OTHERWISE";
	return r->x.fails ? "FAILS, and must hold" : "HOLDS, and must fail";
}

/* --- the bounds, in words -------------------------------------------------------------- */

struct bound {
	const char *name;
	unsigned int value;
};

enum { MOST_BOUNDS = 16 };

static unsigned int bounds_of(const struct lesson *l, struct bound *bounds)
{
	const struct bound all[] = {
		{ "segments under way", l->under_way },
		{ "lost", l->losses },
		{ "copied", l->copies },
		{ "old ones", l->olds },
		{ "early timeouts of A", l->early[A] },
		{ "early timeouts of B", l->early[B] },
		{ "connect() of A", l->opens[A] },
		{ "connect() of B", l->opens[B] },
		{ "octets of A", l->writes[A] },
		{ "octets of B", l->writes[B] },
		{ "window", l->window },
		{ "wraps", l->wraps },
		{ "MSL of TIME_WAIT", l->time_wait_msl },
	};
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].value)
			bounds[n++] = all[i];
	return n;
}

static void print_bounds(const struct lesson *l)
{
	struct bound bounds[MOST_BOUNDS];
	unsigned int i, n = bounds_of(l, bounds);

	printf("  bounds:");
	for (i = 0; i < n; i++)
		printf("%s %s %u", i ? "," : "", bounds[i].name, bounds[i].value);
	printf("\n");
}

/* --- for people -------------------------------------------------------------------------- */

static void print_properties(const struct result *r)
{
	enum property p;

	for (p = OWN_TEXT; p < PROPERTIES; p++)
		if (was_asked(r, p) && p != r->x.fails)
			printf("  holds  %-16s %s\n", properties[p].name, properties[p].holds);
	if (r->x.fails)
		printf("  fails  %-16s %s, after %u steps:\n", properties[r->x.fails].name, r->x.how,
		       r->x.ladder.n);
}

/* The property that is broken, or what else is wrong, in a word. */
static const char *blame(const struct result *r)
{
	if (r->x.fails || r->right)
		return r->x.fails ? properties[r->x.fails].name : "";
	return r->lesson->fails ? "holds" : "opening";
}

static void print_row(const struct result *r)
{
	printf("%-18s %-20s %9u worlds %10llu transitions %6.2f s  %s\n", r->lesson->name,
	       verdict_of(r), r->x.n, (unsigned long long)r->x.transitions, r->x.seconds,
	       blame(r));
}

void print_result(const struct result *r, bool brief)
{
	const struct lesson *l = r->lesson;

	if (brief) {
		print_row(r);
		return;
	}
	printf("%s: %s\n  %s\n", l->name, l->question[0], l->answer[0]);
	print_properties(r);
	if (r->x.fails)
		print_ladder(l, &r->x.ladder);
	if (r->opened) {
		printf("  opened by %u segments:\n", ladder_segments(&r->opening));
		print_ladder(l, &r->opening);
	}
	print_bounds(l);
	printf("  %u worlds, %llu transitions, %u steps deep, %.2f s; on sockets: %s\n", r->x.n,
	       (unsigned long long)r->x.transitions, r->x.depth, r->x.seconds, l->replay);
	printf("  %s\n\n", verdict_of(r));
}

/* --- as JSON ------------------------------------------------------------------------------ */

static void json_both(FILE *f, const char *name, const char *const text[2])
{
	fprintf(f, "\t\t\t\"%s\": {\"en\": \"%s\", \"zh\": \"%s\"},\n", name, text[0], text[1]);
}

static void json_bounds(const struct lesson *l, FILE *f)
{
	struct bound bounds[MOST_BOUNDS];
	unsigned int i, n = bounds_of(l, bounds);

	fprintf(f, "\t\t\t\"bounds\": {");
	for (i = 0; i < n; i++)
		fprintf(f, "%s\"%s\": %u", i ? ", " : "", bounds[i].name, bounds[i].value);
	fprintf(f, "},\n");
}

static void json_properties(const struct result *r, FILE *f)
{
	const char *comma = "";
	enum property p;

	fprintf(f, "\t\t\t\"properties\": {");
	for (p = OWN_TEXT; p < PROPERTIES; p++) {
		if (!was_asked(r, p))
			continue;
		fprintf(f, "%s\"%s\": \"%s\"", comma, properties[p].name,
			p == r->x.fails ? "fails" : "holds");
		comma = ", ";
	}
	fprintf(f, "},\n");
}

static void json_result(const struct result *r, FILE *f)
{
	const struct lesson *l = r->lesson;

	fprintf(f, "\t\t{\n\t\t\t\"name\": \"%s\",\n", l->name);
	json_both(f, "question", l->question);
	json_both(f, "answer", l->answer);
	fprintf(f, "\t\t\t\"expected\": \"%s\",\n", l->fails ? "fails" : "holds");
	fprintf(f, "\t\t\t\"outcome\": \"%s\",\n", r->x.fails ? "fails" : "holds");
	fprintf(f, "\t\t\t\"right\": %s,\n", r->right ? "true" : "false");
	if (r->x.fails)
		fprintf(f, "\t\t\t\"how\": \"%s\",\n", r->x.how);
	json_properties(r, f);
	json_bounds(l, f);
	fprintf(f, "\t\t\t\"states\": %u,\n\t\t\t\"transitions\": %llu,\n", r->x.n,
		(unsigned long long)r->x.transitions);
	fprintf(f, "\t\t\t\"depth\": %u,\n\t\t\t\"seconds\": %.3f,\n", r->x.depth, r->x.seconds);
	fprintf(f, "\t\t\t\"replay\": \"%s\",\n", l->replay);
	if (r->opened) {
		fprintf(f, "\t\t\t\"segments\": %u,\n\t\t\t\"opening\": ",
			ladder_segments(&r->opening));
		json_ladder(l, &r->opening, f);
		fprintf(f, ",\n");
	}
	fprintf(f, "\t\t\t\"ladder\": ");
	json_ladder(l, &r->x.ladder, f);
	fprintf(f, "\n\t\t}");
}

void json_results(const struct result *r, unsigned int n, FILE *f)
{
	unsigned int i;

	fprintf(f, "{\n\t\"lessons\": [\n");
	for (i = 0; i < n; i++) {
		json_result(&r[i], f);
		fprintf(f, "%s\n", i + 1 < n ? "," : "");
	}
	fprintf(f, "\t]\n}\n");
}
