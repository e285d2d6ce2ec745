// SPDX-License-Identifier: GPL-2.0
/*
 * One end: what the module's driver does with a verdict of arrives.c, and what its timers
 * and users do. A model, as short as can be: each function names the file it stands for.
 * Only what is decided in module/segment/ is the module itself.
 */

#include <string.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include "world.h"

enum { NOW_US = 1000 };		/* PAWS knows old timestamps by their value, not their age */

bool synchronized(const struct end *end)
{
	switch (end->tcb.state) {
	case XTCP_CLOSED:
	case XTCP_LISTEN:
	case XTCP_SYN_SENT:
	case XTCP_SYN_RCVD:
		return false;
	default:
		return true;
	}
}

/* Half open at a listener: a request, no socket (open/request.c). */
static bool is_request(const struct end *end)
{
	return end->tcb.state == XTCP_SYN_RCVD && end->tcb.passive;
}

/*
 * engine/end.c: of the connection nothing stays but how often there was one. Where ISNs are
 * constant, a life without text and FIN cannot be told from the next one.
 */
void forget(const struct lesson *l, struct end *end)
{
	bool said_nothing = l->isn_constant && end->tcb.state != XTCP_CLOSED &&
			    end->tcb.snd_nxt == end->tcb.iss + 1;
	struct end fresh = {
		.tcb.state = XTCP_CLOSED,
		.life = end->life - said_nothing,
		.listens = end->listens,
		.opens = end->opens,
		.early = end->early,
	};

	*end = fresh;
}

/* --- engine/output.c, engine/window.c ------------------------------------------- */

/* The window that a header announces; its right edge never moves left. */
static u8 window_now(const struct lesson *l, struct end *end)
{
	u32 edge = end->tcb.rcv_nxt + l->window - end->unread;

	if (xtcp_seq_gt(edge, end->tcb.rcv_adv))
		end->tcb.rcv_adv = edge;
	return end->tcb.rcv_adv - end->tcb.rcv_nxt;
}

static void send(const struct lesson *l, struct world *w, unsigned int e, u32 seq, u8 ctl, u8 len)
{
	struct end *end = &w->end[e];
	struct under_way seg = {
		.ctl = ctl,
		.len = len,
		.seq = seq,
		.ts = end->tcb.ts_ok ? w->clock : 0,
		.wnd = l->window,
	};

	if (ctl & XTCP_ACK) {
		seg.ack = end->tcb.rcv_nxt;
		seg.wnd = window_now(l, end);
		end->tcb.last_ack_sent = end->tcb.rcv_nxt;
	}
	/* Whose it is counts where something of it may be kept. */
	if (len || ctl & (XTCP_SYN | XTCP_FIN)) {
		seg.life = end->life;
		seg.peer = end->peer_life;
	}
	send_segment(l, w, e, seg);
}

static void send_ack(const struct lesson *l, struct world *w, unsigned int e)
{
	send(l, w, e, w->end[e].tcb.snd_nxt, XTCP_ACK, 0);
}

/* With handshake_ways 4 the second segment is two (open/request.c). */
static void send_syn_ack(const struct lesson *l, struct world *w, unsigned int e)
{
	u32 iss = w->end[e].tcb.iss;

	if (l->handshake_ways == 4 && w->end[e].tcb.passive) {
		send(l, w, e, iss, XTCP_ACK, 0);
		send(l, w, e, iss, XTCP_SYN, 0);
	} else {
		send(l, w, e, iss, XTCP_SYN | XTCP_ACK, 0);
	}
}

/*
 * segment/reset.c. Without an ACK to take it from, its number is 0: here one that no
 * window holds, not the 0 that lies in the midst of the text.
 */
static void send_reset(const struct lesson *l, struct world *w, unsigned int e,
		       const struct under_way *to)
{
	struct under_way rst = {
		.ctl = XTCP_RST,
		.seq = to->ack,
	};

	if (to->ctl & XTCP_RST)
		return;
	if (!(to->ctl & XTCP_ACK)) {
		rst.ctl |= XTCP_ACK;
		rst.seq = isn_of(l, e, 0) - FIRST_ISN;
		rst.ack = to->seq + to->len + !!(to->ctl & XTCP_SYN) + !!(to->ctl & XTCP_FIN);
	}
	send_segment(l, w, e, rst);
}

/* engine/push.c: what is unsent and fits, in one segment; a FIN behind the last of it. */
static bool push(const struct lesson *l, struct world *w, unsigned int e)
{
	struct end *end = &w->end[e];
	struct xtcp_tcb *tcb = &end->tcb;
	u32 edge = tcb->snd_una + tcb->snd_wnd, seq = tcb->snd_nxt;
	u32 usable = xtcp_seq_gt(edge, seq) ? edge - seq : 0;
	u8 len = min_t(u8, end->unsent, usable);
	bool fin = end->closed && !tcb->fin_sent && len == end->unsent && usable > len;

	if (!synchronized(end) || tcb->state == XTCP_TIME_WAIT || (!len && !fin))
		return false;
	tcb->snd_nxt += len + fin;
	tcb->fin_sent |= fin;
	end->unsent -= len;
	send(l, w, e, seq, XTCP_ACK | (fin ? XTCP_FIN : 0), len);
	return true;
}

/* --- engine/timers.c ------------------------------------------------------------------ */

/* A shut window, and something behind it: it is probed. */
static bool shut_out(const struct end *end)
{
	return end->tcb.snd_una == end->tcb.snd_nxt && !end->tcb.snd_wnd &&
	       (end->unsent || (end->closed && !end->tcb.fin_sent));
}

bool has_to_repeat(const struct end *end)
{
	if (end->tcb.state == XTCP_CLOSED || end->tcb.state == XTCP_TIME_WAIT)
		return false;
	return end->tcb.snd_una != end->tcb.snd_nxt || end->tcb.state == XTCP_SYN_SENT ||
	       shut_out(end);
}

void repeat(const struct lesson *l, struct world *w, unsigned int e)
{
	struct xtcp_tcb *tcb = &w->end[e].tcb;
	u32 len = tcb->snd_nxt - tcb->snd_una - tcb->fin_sent;

	if (tcb->state == XTCP_SYN_SENT)
		send(l, w, e, tcb->iss, XTCP_SYN, 0);
	else if (tcb->state == XTCP_SYN_RCVD)
		send_syn_ack(l, w, e);
	else if (shut_out(&w->end[e]))
		send(l, w, e, tcb->snd_una - 1, XTCP_ACK, 0);
	else
		send(l, w, e, tcb->snd_una, XTCP_ACK | (tcb->fin_sent ? XTCP_FIN : 0), len);
}

/* --- the user --------------------------------------------------------------------------- */

/* open/active.c */
void user_open(const struct lesson *l, struct world *w, unsigned int e)
{
	struct end *end = &w->end[e];

	end->opens--;
	end->life++;
	end->tcb = (struct xtcp_tcb){
		.state = XTCP_SYN_SENT,
		.ts_ok = l->timestamps,
		.iss = isn_of(l, e, end->life),
		.snd_una = isn_of(l, e, end->life),
		.snd_nxt = isn_of(l, e, end->life) + 1,
		.rcv_adv = l->window,
	};
	send(l, w, e, end->tcb.iss, XTCP_SYN, 0);
}

void user_write(const struct lesson *l, struct world *w, unsigned int e)
{
	w->end[e].written++;
	w->end[e].unsent++;
	push(l, w, e);
}

void user_read(const struct lesson *l, struct world *w, unsigned int e)
{
	w->end[e].unread = 0;
	send_ack(l, w, e);
}

static void abort_connection(const struct lesson *l, struct world *w, unsigned int e)
{
	struct end *end = &w->end[e];

	/* The peer may know of it (socket/close.c). */
	if (synchronized(end) || end->tcb.state == XTCP_SYN_RCVD)
		send(l, w, e, end->tcb.snd_nxt, XTCP_RST | XTCP_ACK, 0);
	forget(l, end);
}

/* socket/close.c */
void user_closes(const struct lesson *l, struct world *w, unsigned int e, enum step_kind how)
{
	struct end *end = &w->end[e];

	if (how == ABORT || (how == CLOSE && end->unread)) {
		abort_connection(l, w, e);
		return;
	}
	if (how == CLOSE)
		end->tcb.rcv_closed = 1;
	if (end->closed)
		return;
	end->closed = true;
	switch (end->tcb.state) {
	case XTCP_SYN_SENT:
		forget(l, end);
		return;
	case XTCP_SYN_RCVD:
		end->tcb.close_queued = 1;
		return;
	case XTCP_ESTABLISHED:
		end->tcb.state = XTCP_FIN_WAIT_1;
		break;
	case XTCP_CLOSE_WAIT:
		end->tcb.state = XTCP_LAST_ACK;
		break;
	}
	push(l, w, e);
}

/* --- engine/receive.c ------------------------------------------------------------------- */

static bool foreign(const struct world *w, unsigned int e, u8 life, u8 peer)
{
	return life != w->end[e].peer_life || peer != w->end[e].life;
}

/* @len octets from @seq on, and perhaps a FIN, go to the user. */
static void deliver(const struct lesson *l, struct world *w, unsigned int e, u8 len, bool fin,
		    u8 life, u8 peer)
{
	if (foreign(w, e, life, peer))
		broken(w, OWN_TEXT, fin && !len ? "a FIN of another life is taken" :
						  "text of another life is delivered");
	if (l->users[e] & READS_LATE && !w->end[e].tcb.rcv_closed)
		w->end[e].unread += len;
}

/* There is room for one piece; another one comes again. */
static void keep_ahead(struct end *end, const struct xtcp_verdict *v, const struct under_way *seg)
{
	if (end->ahead.here)
		return;
	end->ahead = (struct ahead){
		.here = true,
		.seq = v->text_seq,
		.len = v->text_len,
		.fin = v->text_fin,
		.life = seg->life,
		.peer = seg->peer,
	};
}

static void drain_ahead(const struct lesson *l, struct world *w, unsigned int e,
			struct xtcp_verdict *v)
{
	struct end *end = &w->end[e];
	struct ahead ahead = end->ahead;
	u32 fresh = ahead.seq + ahead.len - end->tcb.rcv_nxt;

	if (!ahead.here || xtcp_seq_gt(ahead.seq, end->tcb.rcv_nxt))
		return;
	end->ahead = (struct ahead){ };
	v->reply = XTCP_REPLY_ACK;
	if ((s32)fresh < 0)
		return;
	end->tcb.rcv_nxt += fresh;
	if (fresh || ahead.fin)
		deliver(l, w, e, fresh, ahead.fin, ahead.life, ahead.peer);
	if (ahead.fin) {
		xtcp_fin_arrives(&end->tcb, v);
		v->events |= XTCP_EV_FIN;
	}
}

/* What the verdict says of text must fit the segment, and what was there before. */
static void judge_text(struct world *w, const struct xtcp_tcb *before, const struct under_way *seg,
		       const struct xtcp_verdict *v, const struct xtcp_tcb *after)
{
	u32 text = seg->seq + !!(seg->ctl & XTCP_SYN), first = before->rcv_nxt;
	bool fin = v->events & XTCP_EV_FIN;

	if (before->state == XTCP_SYN_SENT)
		first = seg->seq + 1;
	if (v->events & XTCP_EV_TEXT &&
	    (v->text_seq != first || xtcp_seq_lt(v->text_seq, text) ||
	     xtcp_seq_gt(v->text_seq + v->text_len, text + seg->len)))
		broken(w, IN_ORDER, "text is delivered that is not next");
	if (after->rcv_nxt != first + (v->events & XTCP_EV_TEXT ? v->text_len : 0) + fin &&
	    before->state != XTCP_SYN_RCVD)
		broken(w, IN_ORDER, "RCV.NXT does not follow what was delivered");
	if (fin && after->rcv_nxt != text + seg->len + 1)
		broken(w, FIN_BEHIND_TEXT, "a FIN is seen before all text");
}

/* RFC 9293 figure 5; one segment may be worth two arrows. RST is told apart before. */
static void judge_state(struct world *w, const struct xtcp_tcb *before, u8 state)
{
	static const u16 next[XTCP_STATES] = {
		[XTCP_SYN_SENT] = 1 << XTCP_SYN_RCVD | 1 << XTCP_ESTABLISHED,
		[XTCP_SYN_RCVD] = 1 << XTCP_ESTABLISHED | 1 << XTCP_FIN_WAIT_1 |
				  1 << XTCP_CLOSE_WAIT | 1 << XTCP_CLOSING,
		[XTCP_ESTABLISHED] = 1 << XTCP_CLOSE_WAIT,
		[XTCP_FIN_WAIT_1] = 1 << XTCP_FIN_WAIT_2 | 1 << XTCP_CLOSING | 1 << XTCP_TIME_WAIT,
		[XTCP_FIN_WAIT_2] = 1 << XTCP_TIME_WAIT,
		[XTCP_CLOSING] = 1 << XTCP_TIME_WAIT,
		[XTCP_LAST_ACK] = 1 << XTCP_CLOSED,
	};

	if (state != before->state && !(next[before->state] >> state & 1))
		broken(w, STATES, "no arrow leads from that state to this one");
}

static void take_text(const struct lesson *l, struct world *w, unsigned int e,
		      const struct under_way *seg, struct xtcp_verdict *v)
{
	bool text = v->events & XTCP_EV_TEXT, fin = v->events & XTCP_EV_FIN;

	if (text || fin)
		deliver(l, w, e, text ? v->text_len : 0, fin, seg->life, seg->peer);
	if (v->events & XTCP_EV_OUT_OF_ORDER)
		keep_ahead(&w->end[e], v, seg);
	else if (text && !fin)
		drain_ahead(l, w, e, v);
	if (v->events & XTCP_EV_FIN)
		w->end[e].ahead = (struct ahead){ };
}

/* --- a segment arrives -------------------------------------------------------------------- */

static struct xtcp_segment as_it_arrives(const struct under_way *seg, bool timestamps)
{
	return (struct xtcp_segment){
		.seq = seg->seq,
		.ack = seg->ack,
		.text_len = seg->len,
		.wnd = seg->wnd,
		.ctl = seg->ctl,
		.opt = {
			.tsval = seg->ts,
			.has_ts = timestamps && !(seg->ctl & XTCP_RST),
		},
	};
}

static void answer(const struct lesson *l, struct world *w, unsigned int e,
		   const struct under_way *seg, const struct xtcp_verdict *v)
{
	switch (v->reply) {
	case XTCP_REPLY_ACK:
	case XTCP_REPLY_CHALLENGE:
		send_ack(l, w, e);
		break;
	case XTCP_REPLY_SYN_ACK:
		send_syn_ack(l, w, e);
		break;
	case XTCP_REPLY_RST:
		send_reset(l, w, e, seg);
		break;
	}
}

/*
 * @e took the SYN of @life. Where ISNs are constant it may be that of another life, and be
 * as good: who is there meets whom, as long as nothing was read.
 */
static void meet(const struct lesson *l, struct world *w, unsigned int e, u8 life)
{
	struct end *end = &w->end[e], *peer = &w->end[!e];

	end->peer_life = life;
	if (!l->isn_constant || peer->tcb.state == XTCP_CLOSED)
		return;
	if (peer->tcb.state != XTCP_TIME_WAIT)
		end->peer_life = peer->life;
	if (peer->peer_life && peer->tcb.rcv_nxt == peer->tcb.irs + 1)
		peer->peer_life = end->life;
}

/* open/request.c: what the first segment makes of a listener. */
static void new_request(const struct lesson *l, struct world *w, unsigned int e,
			const struct under_way *syn)
{
	struct end *end = &w->end[e];

	end->life++;
	meet(l, w, e, syn->life);
	end->tcb = (struct xtcp_tcb){
		.state = XTCP_SYN_RCVD,
		.passive = 1,
		.ts_ok = l->timestamps,
		.iss = isn_of(l, e, end->life),
		.snd_una = isn_of(l, e, end->life),
		.snd_nxt = isn_of(l, e, end->life) + 1,
		.irs = syn->seq,
		.rcv_nxt = syn->seq + 1,
		.rcv_adv = syn->seq + 1 + l->window,
		.last_ack_sent = syn->seq + 1,
		.ts_recent = syn->ts,
	};
	if (l->handshake_ways == 2) {
		/* xtcp_input_established_by_syn() */
		end->tcb.state = XTCP_ESTABLISHED;
		end->tcb.snd_una = end->tcb.snd_nxt;
		end->tcb.snd_wnd = syn->wnd;
		end->tcb.snd_wnd_max = syn->wnd;
		end->tcb.snd_wl1 = syn->seq;
		end->tcb.snd_wl2 = end->tcb.snd_una;
	}
	send_syn_ack(l, w, e);
}

/* wire/demux.c finds no connection. */
static void arrives_at_none(const struct lesson *l, struct world *w, unsigned int e,
			    const struct under_way *seg)
{
	struct xtcp_tcb tcb = {
		.state = w->end[e].listens ? XTCP_LISTEN : XTCP_CLOSED,
	};
	struct xtcp_segment s = as_it_arrives(seg, l->timestamps);
	struct xtcp_verdict v;

	xtcp_segment_arrives(&tcb, &s, NOW_US, &v);
	if (v.events & XTCP_EV_NEW_SYN)
		new_request(l, w, e, seg);
	else
		answer(l, w, e, seg, &v);
}

/* xtcp_request_input(): nothing of it changes but by the segment that makes a socket. */
static bool arrives_at_request(const struct lesson *l, struct world *w, unsigned int e,
			       const struct under_way *seg, const struct xtcp_segment *s)
{
	struct end *end = &w->end[e];
	struct xtcp_tcb tcb = end->tcb;
	struct xtcp_verdict v;

	xtcp_segment_arrives(&tcb, s, NOW_US, &v);
	if (v.events & XTCP_EV_ESTABLISHED)
		return false;
	if (v.events & XTCP_EV_RESET) {
		forget(l, end);
		return true;
	}
	end->tcb.ts_recent = tcb.ts_recent;
	answer(l, w, e, seg, &v);
	return true;
}

/* xtcp_timewait_input() */
static void arrives_in_time_wait(const struct lesson *l, struct world *w, unsigned int e,
				 const struct under_way *seg, const struct xtcp_segment *s)
{
	struct end *end = &w->end[e];
	struct xtcp_tcb tcb = end->tcb;
	struct xtcp_verdict v;

	xtcp_segment_arrives(&tcb, s, NOW_US, &v);
	if (v.events & XTCP_EV_TW_REUSE) {
		forget(l, end);
		if (end->listens)
			new_request(l, w, e, seg);
		else
			arrives_at_none(l, w, e, seg);
		return;
	}
	if (v.events & XTCP_EV_RESET) {
		forget(l, end);
		return;
	}
	if (v.events & XTCP_EV_TW_RESTART)
		end->ticks = l->time_wait_msl * TTL;
	end->tcb.ts_recent = tcb.ts_recent;
	if (v.reply == XTCP_REPLY_ACK || v.reply == XTCP_REPLY_CHALLENGE)
		send_ack(l, w, e);
}

/* close/timewait.c: of the connection a record remains. */
static void enter_time_wait(const struct lesson *l, struct end *end)
{
	const struct xtcp_tcb *tcb = &end->tcb;
	struct end record = {
		.tcb = {
			.state = XTCP_TIME_WAIT,
			.fin_sent = 1,
			.ts_ok = tcb->ts_ok,
			.rst_ignored = !l->rfc1337_off,
			.iss = tcb->iss,
			.snd_una = tcb->snd_nxt,
			.snd_nxt = tcb->snd_nxt,
			.snd_wnd_max = l->window,
			.irs = tcb->irs,
			.rcv_nxt = tcb->rcv_nxt,
			.rcv_adv = tcb->rcv_adv,
			.last_ack_sent = tcb->rcv_nxt,
			.ts_recent = tcb->ts_recent,
		},
		.life = end->life,
		.peer_life = end->peer_life,
		.listens = end->listens,
		.closed = true,
		.opens = end->opens,
		.early = end->early,
		.ticks = l->time_wait_msl * TTL,
	};

	*end = record;
}

/* carry_out_state() */
static void set_state(const struct lesson *l, struct end *end, u8 state)
{
	if (state == XTCP_CLOSED)
		forget(l, end);
	else
		end->tcb.state = state;
	if (state == XTCP_TIME_WAIT)
		enter_time_wait(l, end);
}

/* engine/input.c: carry_out() */
static void carry_out(const struct lesson *l, struct world *w, unsigned int e,
		      const struct under_way *seg, struct xtcp_verdict *v)
{
	struct end *end = &w->end[e];
	bool told;

	take_text(l, w, e, seg, v);
	if (v->events & XTCP_EV_ESTABLISHED)
		end->tcb.state = end->tcb.close_queued ? XTCP_FIN_WAIT_1 : XTCP_ESTABLISHED;
	told = push(l, w, e);
	if (v->reply == XTCP_REPLY_SYN_ACK) {
		end->tcb.state = XTCP_SYN_RCVD;
		send_syn_ack(l, w, e);
	} else if (!told && (v->reply || v->events & XTCP_EV_TEXT)) {
		send_ack(l, w, e);
	}
	if (v->state != end->tcb.state && v->reply != XTCP_REPLY_SYN_ACK)
		set_state(l, end, v->state);
}

/* xtcp_input_segment(), unusual() */
static void arrives_at_socket(const struct lesson *l, struct world *w, unsigned int e,
			      const struct under_way *seg, const struct xtcp_segment *s)
{
	struct end *end = &w->end[e];
	struct xtcp_tcb before = end->tcb, shorter = end->tcb;
	struct xtcp_verdict v, by_prediction;

	xtcp_segment_arrives(&end->tcb, s, NOW_US, &v);
	if (!l->alone && xtcp_segment_predict(&shorter, s, NOW_US, &by_prediction) &&
	    (memcmp(&shorter, &end->tcb, sizeof(shorter)) || by_prediction.state != v.state ||
	     by_prediction.events != v.events || by_prediction.text_len != v.text_len ||
	     v.reply || v.drop))
		broken(w, SHORT_WAY, "predict.c and arrives.c differ");
	if (v.events & XTCP_EV_RESET) {
		if (v.reply == XTCP_REPLY_RST)
			send(l, w, e, end->tcb.snd_nxt, XTCP_RST | XTCP_ACK, 0);
		forget(l, end);
		return;
	}
	if (v.drop && !(v.events & ~XTCP_EV_SYN_AGAIN)) {
		answer(l, w, e, seg, &v);
		if (v.events & XTCP_EV_SYN_AGAIN)
			send(l, w, e, end->tcb.iss, XTCP_SYN, 0);
		return;
	}
	if (before.state == XTCP_SYN_SENT && seg->ctl & XTCP_SYN)
		meet(l, w, e, seg->life);
	judge_text(w, &before, seg, &v, &end->tcb);
	judge_state(w, &before, v.state);
	carry_out(l, w, e, seg, &v);
}

void arrives(const struct lesson *l, struct world *w, unsigned int e, const struct under_way *seg)
{
	struct end *end = &w->end[e];
	struct xtcp_segment s = as_it_arrives(seg, l->timestamps);

	end->tcb.ts_recent_us = NOW_US;
	end->tcb.paws_idle_us = l->no_paws ? 0 : 1;
	if (end->tcb.state == XTCP_CLOSED)
		arrives_at_none(l, w, e, seg);
	else if (end->tcb.state == XTCP_TIME_WAIT)
		arrives_in_time_wait(l, w, e, seg, &s);
	else if (!is_request(end) || !arrives_at_request(l, w, e, seg, &s))
		arrives_at_socket(l, w, e, seg, &s);
}
