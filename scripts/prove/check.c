// SPDX-License-Identifier: GPL-2.0
/* What must hold in every world: RFC 9293 section 3.3.1, and what both ends know of each other. */

#include <linux/kernel.h>
#include "world.h"

void broken(struct world *w, enum property p, const char *how)
{
	if (w->broken)
		return;
	w->broken = p;
	w->how = how;
}

/* Each is the peer of the other. */
static bool are_peers(const struct world *w)
{
	return w->end[A].peer_life == w->end[B].life && w->end[B].peer_life == w->end[A].life &&
	       w->end[A].tcb.state != XTCP_CLOSED && w->end[B].tcb.state != XTCP_CLOSED;
}

bool both_established(const struct world *w)
{
	return are_peers(w) && w->end[A].tcb.state == XTCP_ESTABLISHED &&
	       w->end[B].tcb.state == XTCP_ESTABLISHED;
}

/* Nothing is unsent, or sent and not acknowledged; what was said was heard. */
static bool said_and_heard(const struct end *from, const struct end *to)
{
	return !from->unsent && from->tcb.snd_una == from->tcb.snd_nxt &&
	       from->tcb.snd_nxt == to->tcb.rcv_nxt && !from->closed == !from->tcb.fin_sent;
}

/* Whoever has one waits for the users, not for the other. */
static bool states_match(u8 one, u8 other)
{
	switch (one) {
	case XTCP_ESTABLISHED:
		return other == XTCP_ESTABLISHED;
	case XTCP_FIN_WAIT_2:
		return other == XTCP_CLOSE_WAIT;
	case XTCP_CLOSE_WAIT:
		return other == XTCP_FIN_WAIT_2;
	default:
		return false;
	}
}

bool at_rest(const struct world *w)
{
	const struct end *a = &w->end[A], *b = &w->end[B];

	if (w->n_net)
		return false;
	if (a->tcb.state == XTCP_CLOSED && b->tcb.state == XTCP_CLOSED)
		return true;
	return are_peers(w) && states_match(a->tcb.state, b->tcb.state) &&
	       said_and_heard(a, b) && said_and_heard(b, a);
}

/* --- one end ------------------------------------------------------------------------- */

static bool peer_has_finished(const struct end *end)
{
	switch (end->tcb.state) {
	case XTCP_CLOSE_WAIT:
	case XTCP_LAST_ACK:
	case XTCP_CLOSING:
	case XTCP_TIME_WAIT:
		return true;
	default:
		return false;
	}
}

static const char *wrong_state(const struct end *end)
{
	const struct xtcp_tcb *tcb = &end->tcb;
	bool acked = tcb->snd_una == tcb->snd_nxt;

	switch (tcb->state) {
	case XTCP_ESTABLISHED:
	case XTCP_CLOSE_WAIT:
		return end->closed || tcb->fin_sent ? "closed, and may send text still" : NULL;
	case XTCP_FIN_WAIT_2:
	case XTCP_TIME_WAIT:
		return tcb->fin_sent && acked ? NULL : "the FIN is not acknowledged";
	case XTCP_FIN_WAIT_1:
	case XTCP_CLOSING:
	case XTCP_LAST_ACK:
		if (!end->closed)
			return "not closed by the user";
		return tcb->fin_sent && acked ? "the acknowledged FIN waits still" : NULL;
	default:
		return NULL;
	}
}

static const char *wrong_numbers(const struct lesson *l, const struct end *end, unsigned int e)
{
	const struct xtcp_tcb *tcb = &end->tcb;
	u32 sent = end->written - end->unsent + tcb->fin_sent;

	if (tcb->state == XTCP_SYN_SENT)
		return NULL;
	if (xtcp_seq_gt(tcb->snd_una, tcb->snd_nxt))
		return "SND.UNA > SND.NXT";
	if (synchronized(end) != xtcp_seq_gt(tcb->snd_una, tcb->iss))
		return "SND.UNA tells nothing of the SYN";
	if (tcb->irs != isn_of(l, !e, end->peer_life))
		return "IRS is not the peer's ISN";
	if (!xtcp_seq_gt(tcb->rcv_nxt, tcb->irs))
		return "RCV.NXT =< IRS";
	if (xtcp_tcb_rcv_wnd(tcb) > l->window)
		return "a window larger than the buffer";
	if (tcb->state != XTCP_TIME_WAIT && tcb->snd_nxt != tcb->iss + 1 + sent)
		return "SND.NXT is not behind what was sent";
	if (tcb->state != XTCP_TIME_WAIT && tcb->snd_wnd > l->window)
		return "SND.WND larger than any that was announced";
	return wrong_state(end);
}

/* Of what was there nothing is taken back. */
static const char *went_back(const struct end *before, const struct end *end)
{
	if (end->life != before->life || !synchronized(before) || !synchronized(end))
		return NULL;
	if (xtcp_seq_lt(end->tcb.snd_una, before->tcb.snd_una))
		return "SND.UNA went back";
	if (xtcp_seq_lt(end->tcb.rcv_nxt, before->tcb.rcv_nxt))
		return "RCV.NXT went back";
	if (xtcp_seq_lt(end->tcb.rcv_adv, before->tcb.rcv_adv))
		return "the right edge of the window went back";
	if (peer_has_finished(before) && end->tcb.rcv_nxt != before->tcb.rcv_nxt)
		return "something was taken behind the FIN";
	return NULL;
}

/* What @end believes of @peer is true. */
static const char *deceived(const struct end *end, const struct end *peer)
{
	if (synchronized(end) && synchronized(peer) &&
	    xtcp_seq_gt(end->tcb.snd_una, peer->tcb.rcv_nxt))
		return "acknowledged, and never received";
	if (xtcp_seq_gt(peer->tcb.rcv_nxt, end->tcb.snd_nxt))
		return "received, and never sent";
	if (synchronized(end) && synchronized(peer) &&
	    xtcp_seq_gt(end->tcb.snd_nxt, peer->tcb.rcv_adv))
		return "sent beyond the window that was announced";
	if (peer_has_finished(peer) && !end->tcb.fin_sent)
		return "a FIN was taken that was never sent";
	return NULL;
}

void check_world(const struct lesson *l, const struct world *before, struct world *w)
{
	bool peers = are_peers(w), wrapped = before->wraps != w->wraps;
	const struct end *end;
	const char *how;
	unsigned int e;

	for (e = A; e <= B; e++) {
		end = &w->end[e];
		if (end->tcb.state == XTCP_CLOSED)
			continue;
		how = wrong_numbers(l, end, e);
		if (!how && !wrapped)
			how = went_back(&before->end[e], end);
		if (!how && peers)
			how = deceived(end, &w->end[!e]);
		if (how)
			broken(w, NUMBERS, how);
	}
}
