// SPDX-License-Identifier: GPL-2.0
/* The steps to a world, as people draw them: A on the left, B on the right, time downwards. */

#include <stdio.h>
#include <string.h>
#include <linux/kernel.h>
#include "report.h"

static const char * const state_names[XTCP_STATES] = {
	[XTCP_ESTABLISHED] = "ESTABLISHED",
	[XTCP_SYN_SENT] = "SYN_SENT",
	[XTCP_SYN_RCVD] = "SYN_RCVD",
	[XTCP_FIN_WAIT_1] = "FIN_WAIT_1",
	[XTCP_FIN_WAIT_2] = "FIN_WAIT_2",
	[XTCP_TIME_WAIT] = "TIME_WAIT",
	[XTCP_CLOSED] = "CLOSED",
	[XTCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[XTCP_LAST_ACK] = "LAST_ACK",
	[XTCP_LISTEN] = "LISTEN",
	[XTCP_CLOSING] = "CLOSING",
};

static const char *state_of(const struct end *end)
{
	if (end->tcb.state == XTCP_CLOSED && end->listens)
		return "LISTEN";
	return state_names[end->tcb.state];
}

/* One line of a ladder. */
struct rung {
	const char *does;	/* what happens, if it is no segment that arrives or is lost */
	char segment[64];
	u8 from;
	bool lost;
	const char *state[2];
};

/* A user, a timer or the clock; %c is the end. */
static const char *deed(enum step_kind kind)
{
	switch (kind) {
	case TIMER:
		return "%c: timeout, said again";
	case EXPIRES:
		return "%c: TIME_WAIT is over";
	case TICK:
		return "half an MSL passes";
	case OPEN:
		return "%c: connect()";
	case WRITE:
		return "%c: write()";
	case READ:
		return "%c: read()";
	case SHUTDOWN:
		return "%c: shutdown()";
	case CLOSE:
		return "%c: close()";
	case ABORT:
		return "%c: aborts, and forgets";
	case CRASH:
		return "%c: crashes";
	case WRAP:
		return "A: text, until the numbers wrap";
	default:
		return NULL;
	}
}

static const char *kind_of(u8 ctl, u8 len)
{
	if (ctl & XTCP_RST)
		return "RST";
	if (ctl & XTCP_SYN)
		return ctl & XTCP_ACK ? "SYN-ACK" : "SYN";
	if (ctl & XTCP_FIN)
		return len ? "text, FIN" : "FIN";
	return len ? "text" : "ACK";
}

/* Old is what its sender knows nothing of any more. */
static void name_segment(const struct world *w, const struct under_way *seg, bool old, char *text,
			 size_t size)
{
	bool counts = seg->len || seg->ctl & (XTCP_SYN | XTCP_FIN);
	int at;

	old |= counts && seg->life != w->end[!seg->to].life;
	at = snprintf(text, size, "%s%s %d", old ? "old " : "", kind_of(seg->ctl, seg->len),
		      shown(!seg->to, seg->seq));
	if (seg->len)
		at += snprintf(text + at, size - at, ":%d", shown(!seg->to, seg->seq + seg->len));
	if (seg->ctl & XTCP_ACK)
		snprintf(text + at, size - at, " ack %d", shown(seg->to, seg->ack));
}

static void old_segment(const struct lesson *l, unsigned int which, struct under_way *seg)
{
	const struct old_segment *old = &l->old[which];

	*seg = (struct under_way){
		.to = old->to,
		.ctl = old->ctl,
		.len = old->len,
		.seq = isn_of(l, !old->to, 0) + old->seq,
		.ack = isn_of(l, old->to, 0) + old->ack,
	};
}

/* @w is the world before @step; afterwards that which comes of it. */
static void climb(const struct lesson *l, struct world *w, struct step step, struct rung *rung)
{
	struct under_way seg = w->net[step.which];
	union packed p;

	*rung = (struct rung){ };
	if (step.kind == OLD_ARRIVES)
		old_segment(l, step.which, &seg);
	if (step.kind <= OLD_ARRIVES) {
		name_segment(w, &seg, step.kind == OLD_ARRIVES, rung->segment,
			     sizeof(rung->segment));
		rung->from = !seg.to;
		rung->lost = step.kind == LOST;
	}
	if (step.kind == TWICE)
		rung->does = "the network makes two of it";
	else if (step.kind > OLD_ARRIVES)
		rung->does = deed(step.kind);
	take(l, w, step);
	rung->state[A] = state_of(&w->end[A]);
	rung->state[B] = state_of(&w->end[B]);
	if (!w->broken && pack(l, w, &p))
		unpack(l, &p, w);
}

static void say(const struct rung *rung, struct step step, char *text, size_t size)
{
	char arrow[80];

	if (!rung->segment[0]) {
		snprintf(text, size, rung->does, 'A' + step.end);
		return;
	}
	if (rung->does)
		snprintf(arrow, sizeof(arrow), "(%s) %s", rung->segment, rung->does);
	else if (rung->from == A)
		snprintf(arrow, sizeof(arrow), "--- %s %s", rung->segment,
			 rung->lost ? "---x  lost" : "-->");
	else
		snprintf(arrow, sizeof(arrow), "%s %s ---", rung->lost ? "lost  x---" : "<--",
			 rung->segment);
	snprintf(text, size, "%s", arrow);
}

void print_ladder(const struct lesson *l, const struct ladder *ladder)
{
	struct rung rung;
	struct world w;
	unsigned int i;
	char text[128];

	first_world(l, &w);
	printf("      %-12s %-44s %s\n", "A", "", "B");
	printf("      %-12s %-44s %s\n", state_of(&w.end[A]), "", state_of(&w.end[B]));
	for (i = 0; i < ladder->n; i++) {
		climb(l, &w, ladder->step[i], &rung);
		say(&rung, ladder->step[i], text, sizeof(text));
		printf("  %2u  %-12s %-44s %s\n", i + 1, rung.state[A], text, rung.state[B]);
	}
}

unsigned int ladder_segments(const struct ladder *ladder)
{
	unsigned int i, n = 0;

	for (i = 0; i < ladder->n; i++)
		n += ladder->step[i].kind == ARRIVES || ladder->step[i].kind == OLD_ARRIVES;
	return n;
}

void json_ladder(const struct lesson *l, const struct ladder *ladder, FILE *f)
{
	struct rung rung;
	struct world w;
	unsigned int i;
	char does[64];

	first_world(l, &w);
	fprintf(f, "[");
	for (i = 0; i < ladder->n; i++) {
		climb(l, &w, ladder->step[i], &rung);
		fprintf(f, "%s\n\t\t\t{\"step\": %u, ", i ? "," : "", i + 1);
		if (rung.segment[0])
			fprintf(f, "\"from\": \"%c\", \"to\": \"%c\", \"segment\": \"%s\", ",
				'A' + rung.from, 'B' - rung.from, rung.segment);
		if (rung.does) {
			snprintf(does, sizeof(does), rung.does, 'A' + ladder->step[i].end);
			fprintf(f, "\"does\": \"%s\", ", does);
		}
		fprintf(f, "\"lost\": %s, \"states\": [\"%s\", \"%s\"]}",
			rung.lost ? "true" : "false", rung.state[A], rung.state[B]);
	}
	fprintf(f, "]");
}
