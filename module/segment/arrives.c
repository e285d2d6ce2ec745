// SPDX-License-Identifier: GPL-2.0
/*
 * SEGMENT ARRIVES: RFC 9293 section 3.10.7 as a pure function, its steps in
 * the RFC's order under the RFC's numbers, with what RFC 5961 (blind attacks),
 * RFC 6191 (SYN in TIME_WAIT), RFC 1337 and RFC 7323 (PAWS) put between them.
 * Read it beside the RFC. It sends, allocates and locks nothing and reads no
 * clock; input.c, request.c and timewait.c carry its verdict out.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <xtcp/tcb.h>

/* The segment ends here: why, and what goes back. Always false, for return. */
static bool drop(struct xtcp_verdict *v, enum xtcp_drop reason,
		 enum xtcp_reply reply)
{
	v->drop = reason;
	v->reply = reply;
	return false;
}

/* The connection is gone; @error for the user. Always false. */
static bool reset(struct xtcp_verdict *v, int error)
{
	v->events |= XTCP_EV_RESET;
	v->state = XTCP_CLOSED;
	v->error = error;
	return false;
}

static bool ack_acceptable(const struct xtcp_tcb *tcb, u32 ack)
{
	return xtcp_seq_gt(ack, tcb->snd_una) && xtcp_seq_leq(ack, tcb->snd_nxt);
}

static void take_window(struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	tcb->snd_wnd = seg->wnd;
	tcb->snd_wnd_max = max(tcb->snd_wnd_max, tcb->snd_wnd);
	tcb->snd_wl1 = seg->seq;
	tcb->snd_wl2 = seg->ack;
}

/*
 * RFC 7323 4.3 (2): TS.Recent follows segments that span Last.ACK.sent; never a
 * RST (5.2), nor what the fifth step discards (RFC 5961 5.2).
 */
static void take_timestamp(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			   u64 now_us)
{
	if (!tcb->ts_ok || !seg->opt.has_ts ||
	    xtcp_seq_gt(seg->seq, tcb->last_ack_sent))
		return;
	tcb->ts_recent = seg->opt.tsval;
	tcb->ts_recent_us = now_us;
}

/* --- 3.10.7.1 CLOSED --------------------------------------------------- */

static void closed(const struct xtcp_segment *seg, struct xtcp_verdict *v)
{
	drop(v, XTCP_DROP_CLOSED,
	     seg->ctl & XTCP_RST ? XTCP_REPLY_NONE : XTCP_REPLY_RST);
}

/* --- 3.10.7.2 LISTEN --------------------------------------------------- */

static void listening(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
		      struct xtcp_verdict *v)
{
	/* First, check for a RST: nothing was sent that it could answer. */
	if (seg->ctl & XTCP_RST) {
		drop(v, XTCP_DROP_LISTEN_NOT_SYN, XTCP_REPLY_NONE);
		return;
	}
	/* Second, check for an ACK: any is bad here. */
	if (seg->ctl & XTCP_ACK) {
		drop(v, XTCP_DROP_LISTEN_NOT_SYN, XTCP_REPLY_RST);
		return;
	}
	/* Third, check for a SYN; with a FIN as well it is no one's friend. */
	if ((seg->ctl & (XTCP_SYN | XTCP_FIN)) != XTCP_SYN) {
		drop(v, XTCP_DROP_LISTEN_NOT_SYN, XTCP_REPLY_NONE);
		return;
	}
	tcb->irs = seg->seq;
	tcb->rcv_nxt = seg->seq + 1;
	v->events |= XTCP_EV_NEW_SYN;
	v->state = XTCP_SYN_RCVD;
	v->reply = XTCP_REPLY_SYN_ACK;
}

/* --- sixth to eighth step of 3.10.7.4 ---------------------------------- */

void xtcp_fin_arrives(struct xtcp_tcb *tcb, struct xtcp_verdict *v)
{
	tcb->rcv_nxt++;
	v->events |= XTCP_EV_FIN;
	v->reply = XTCP_REPLY_ACK;
	switch (v->state) {
	case XTCP_SYN_RCVD:
	case XTCP_ESTABLISHED:
		v->state = XTCP_CLOSE_WAIT;
		break;
	case XTCP_FIN_WAIT_1:
		/* Our FIN was acknowledged already? The fifth step saw to it. */
		v->state = XTCP_CLOSING;
		break;
	case XTCP_FIN_WAIT_2:
		v->state = XTCP_TIME_WAIT;
		break;
	}
}

static bool takes_text(u8 state)
{
	return state == XTCP_ESTABLISHED || state == XTCP_FIN_WAIT_1 ||
	       state == XTCP_FIN_WAIT_2;
}

/*
 * Sixth, check the URG bit. SEG.UP points behind the urgent text (RFC 6093 3.1);
 * 0 comes from those who mean its last octet. An octet that is here already was
 * not urgent when it came: a pointer to it is late.
 */
static void step6_urg(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
		      struct xtcp_verdict *v)
{
	u32 up = seg->seq + (seg->up ?: 1);

	if (!(seg->ctl & XTCP_URG) || !takes_text(v->state) ||
	    xtcp_seq_leq(up, tcb->rcv_nxt))
		return;
	if (tcb->rcv_urgent && xtcp_seq_leq(up, tcb->rcv_up))
		return;
	tcb->rcv_up = up;
	tcb->rcv_urgent = XTCP_URGENT_AWAITED;
	v->events |= XTCP_EV_URGENT;
}

/*
 * The part of the text inside the window: v->text_seq, text_len. Returns
 * whether the FIN behind it is inside as well.
 */
static bool trim_to_window(const struct xtcp_tcb *tcb,
			   const struct xtcp_segment *seg, struct xtcp_verdict *v)
{
	u32 seq = seg->seq + !!(seg->ctl & XTCP_SYN);
	u32 end = seq + seg->text_len;
	u32 edge = tcb->rcv_nxt + xtcp_tcb_rcv_wnd(tcb);
	bool fin = seg->ctl & XTCP_FIN;

	if (xtcp_seq_gt(end, edge)) {
		end = edge;
		fin = false;
	}
	if (xtcp_seq_lt(seq, tcb->rcv_nxt))
		seq = tcb->rcv_nxt;
	v->text_seq = seq;
	v->text_len = xtcp_seq_gt(end, seq) ? end - seq : 0;
	return fin;
}

/* Text after the user closed is lost: say so (RFC 9293 3.6.1, RFC 2525 2.17). */
static bool text_for_no_one(const struct xtcp_tcb *tcb,
			    const struct xtcp_segment *seg)
{
	return tcb->rcv_closed && seg->text_len &&
	       xtcp_seq_gt(seg->seq + seg->text_len, tcb->rcv_nxt);
}

static void text_and_fin(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			 struct xtcp_verdict *v)
{
	bool fin;

	if (!takes_text(v->state)) {
		/* Nothing follows the peer's FIN: no text, and no other FIN. */
		if (xtcp_segment_len(seg))
			drop(v, XTCP_DROP_SEQUENCE, XTCP_REPLY_ACK);
		return;
	}
	if (text_for_no_one(tcb, seg)) {
		drop(v, XTCP_DROP_TEXT_AFTER_CLOSE, XTCP_REPLY_RST);
		reset(v, ECONNRESET);
		return;
	}

	/* Seventh, process the segment text. */
	fin = trim_to_window(tcb, seg, v);
	if (seg->text_len && !v->text_len && !fin) {
		v->drop = XTCP_DROP_DUPLICATE_TEXT;
		v->reply = XTCP_REPLY_ACK;
	}
	if ((v->text_len || fin) && v->text_seq != tcb->rcv_nxt) {
		v->events |= XTCP_EV_OUT_OF_ORDER;
		v->text_fin = fin;
		v->reply = XTCP_REPLY_ACK;
		return;
	}
	if (v->text_len) {
		tcb->rcv_nxt += v->text_len;
		v->events |= XTCP_EV_TEXT;
	}

	/* Eighth, check the FIN bit: all before it is here. */
	if (fin)
		xtcp_fin_arrives(tcb, v);
}

static void sixth_to_eighth(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			    struct xtcp_verdict *v)
{
	step6_urg(tcb, seg, v);
	text_and_fin(tcb, seg, v);
}

/* --- 3.10.7.3 SYN-SENT ------------------------------------------------- */

static void take_syn_options(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			     u64 now_us)
{
	/* We offered what *_ok says; the peer's SYN must carry it as well. */
	tcb->ts_ok &= seg->opt.has_ts;
	tcb->sack_ok &= seg->opt.sack_perm;
	tcb->wscale_ok &= seg->opt.has_wscale;
	tcb->snd_wscale = tcb->wscale_ok ? seg->opt.wscale : 0;
	if (!tcb->wscale_ok)
		tcb->rcv_wscale = 0;
	if (seg->opt.mss)
		tcb->snd_mss = seg->opt.mss;
	if (tcb->ts_ok) {
		tcb->ts_recent = seg->opt.tsval;
		tcb->ts_recent_us = now_us;
	}
}

/* ISS < SEG.ACK =< SND.NXT; also when it came before, alone, and comes again. */
static bool acks_our_syn(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	return xtcp_seq_gt(seg->ack, tcb->iss) && xtcp_seq_leq(seg->ack, tcb->snd_nxt);
}

/* With our SYN, text was acknowledged (RFC 7413). */
static u16 acked_text(const struct xtcp_verdict *v)
{
	return v->acked > 1 ? XTCP_EV_ACKED : 0;
}

static void syn_sent(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
		     u64 now_us, struct xtcp_verdict *v)
{
	bool acked = seg->ctl & XTCP_ACK;

	/* First, check the ACK bit: of an old life? RST (RFC 9293 3.5, figure 8). */
	if (acked && !acks_our_syn(tcb, seg)) {
		drop(v, XTCP_DROP_ACK_UNACCEPTABLE,
		     seg->ctl & XTCP_RST ? XTCP_REPLY_NONE : XTCP_REPLY_RST);
		/* A challenge ACK: the RST ends that life, our SYN may come again. */
		if (!(seg->ctl & (XTCP_SYN | XTCP_RST)))
			v->events |= XTCP_EV_SYN_AGAIN;
		return;
	}
	/* Second, check the RST bit: only one that answers our SYN counts. */
	if (seg->ctl & XTCP_RST) {
		if (acked)
			reset(v, ECONNREFUSED);
		else
			drop(v, XTCP_DROP_RST_INVALID, XTCP_REPLY_NONE);
		return;
	}
	/* The ACK may precede its SYN (four segments, 3.5): SND.UNA remembers it. */
	if (acked && xtcp_seq_gt(seg->ack, tcb->snd_una))
		tcb->snd_una = seg->ack;
	/* Third, security: RFC 9293 appendix A.1, not used. Fourth, the SYN. */
	if (!(seg->ctl & XTCP_SYN)) {
		/* Fifth, neither. */
		drop(v, XTCP_DROP_NO_SYN, XTCP_REPLY_NONE);
		return;
	}
	tcb->irs = seg->seq;
	tcb->rcv_nxt = seg->seq + 1;
	tcb->rcv_adv += tcb->rcv_nxt;	/* until now an offset: the window */
	tcb->last_ack_sent = tcb->rcv_nxt;
	take_syn_options(tcb, seg, now_us);
	take_window(tcb, seg);
	if (tcb->snd_una == tcb->iss) {
		/* Both opened at once. Text is not acknowledged: it comes again. */
		v->state = XTCP_SYN_RCVD;
		v->reply = XTCP_REPLY_SYN_ACK;
		return;
	}
	tcb->snd_wl2 = tcb->snd_una;
	v->acked = tcb->snd_una - tcb->iss;
	v->state = XTCP_ESTABLISHED;
	v->events |= XTCP_EV_ESTABLISHED | acked_text(v);
	v->reply = XTCP_REPLY_ACK;
	sixth_to_eighth(tcb, seg, v);
}

/* --- 3.10.7.4 Other states --------------------------------------------- */

/* The table of the first step, RFC 9293 section 3.4, but for one number. */
static bool seq_acceptable(const struct xtcp_tcb *tcb,
			   const struct xtcp_segment *seg)
{
	u32 wnd = xtcp_tcb_rcv_wnd(tcb);
	u32 len = xtcp_segment_len(seg);
	u32 last = seg->seq + len - 1;

	/*
	 * What takes no room may stand at the right edge: there stands the peer who has
	 * filled the window, and his ACKs count though some of that was lost.
	 */
	if (!len)
		return xtcp_seq_between(tcb->rcv_nxt, seg->seq, tcb->rcv_nxt + wnd);
	/*
	 * A shut window still takes the ACK of a segment that is next; its
	 * text is trimmed to nothing and asked for again (MUST-66).
	 */
	if (!wnd)
		return seg->seq == tcb->rcv_nxt;
	return xtcp_seq_between(tcb->rcv_nxt, seg->seq, tcb->rcv_nxt + wnd - 1) ||
	       xtcp_seq_between(tcb->rcv_nxt, last, tcb->rcv_nxt + wnd - 1);
}

/* RFC 7323 5.3 R1: older than what we saw, unless that is old itself (5.5). */
static bool paws_rejects(const struct xtcp_tcb *tcb,
			 const struct xtcp_segment *seg, u64 now_us)
{
	return tcb->ts_ok && seg->opt.has_ts && !(seg->ctl & XTCP_RST) &&
	       xtcp_seq_lt(seg->opt.tsval, tcb->ts_recent) && tcb->paws_idle_us &&
	       now_us - tcb->ts_recent_us <= tcb->paws_idle_us;
}

/*
 * A SYN that may open a new life over TIME_WAIT: by timestamp or by a sequence
 * number above the last one seen, that of the FIN (RFC 6191 section 2).
 */
static bool time_wait_reusable(const struct xtcp_tcb *tcb,
			       const struct xtcp_segment *seg)
{
	if ((seg->ctl & (XTCP_SYN | XTCP_RST | XTCP_ACK | XTCP_FIN)) != XTCP_SYN)
		return false;
	if (tcb->ts_ok && seg->opt.has_ts &&
	    seg->opt.tsval != tcb->ts_recent)
		return xtcp_seq_gt(seg->opt.tsval, tcb->ts_recent);
	return xtcp_seq_geq(seg->seq, tcb->rcv_nxt);
}

/* The SYN that made us SYN_RCVD came again: so does its SYN-ACK. */
static bool repeats_syn(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	return (seg->ctl & (XTCP_SYN | XTCP_RST | XTCP_ACK)) == XTCP_SYN &&
	       seg->seq == tcb->irs;
}

/*
 * Both sides sent a SYN, and this is the peer's SYN-ACK (RFC 9293 figure 7). A
 * listener meets it when it sent its SYN apart (handshake_ways 4).
 */
static bool crossed_syn_ack(const struct xtcp_tcb *tcb,
			    const struct xtcp_segment *seg)
{
	return (seg->ctl & (XTCP_SYN | XTCP_RST | XTCP_ACK)) ==
		(XTCP_SYN | XTCP_ACK) && seg->seq == tcb->irs &&
	       (!tcb->passive || ack_acceptable(tcb, seg->ack));
}

/* Our own SYN is unacknowledged: the peer's may come again. */
static bool syn_in_syn_rcvd(const struct xtcp_tcb *tcb, struct xtcp_segment *seg,
			    struct xtcp_verdict *v)
{
	if (repeats_syn(tcb, seg))
		return drop(v, XTCP_DROP_DUPLICATE_SYN, XTCP_REPLY_SYN_ACK);
	if (crossed_syn_ack(tcb, seg)) {
		/* The SYN is old news, the ACK is not: go on behind it. */
		seg->ctl &= ~XTCP_SYN;
		seg->seq++;
		/* Such a peer is SYN_RCVD, too, until we acknowledge. */
		if (tcb->passive)
			v->reply = XTCP_REPLY_ACK;
	}
	return true;
}

/*
 * In the synchronised states a SYN is challenged irrespective of its sequence
 * number (RFC 5961 4.2), and of a timestamp that is old or not there: the peer
 * may have begun anew. In TIME_WAIT it may be welcome.
 */
static bool syn_before_step1(const struct xtcp_tcb *tcb, struct xtcp_segment *seg,
			     struct xtcp_verdict *v)
{
	if ((seg->ctl & (XTCP_SYN | XTCP_RST)) != XTCP_SYN)
		return true;
	if (v->state == XTCP_SYN_RCVD)
		return syn_in_syn_rcvd(tcb, seg, v);
	if (v->state == XTCP_TIME_WAIT && time_wait_reusable(tcb, seg)) {
		v->events |= XTCP_EV_TW_REUSE;
		v->state = XTCP_CLOSED;
		return false;
	}
	return drop(v, seq_acceptable(tcb, seg) ? XTCP_DROP_SYN_IN_WINDOW : XTCP_DROP_SEQUENCE,
		    XTCP_REPLY_CHALLENGE);
}

/* The peer's FIN, the octet before RCV.NXT, once more. */
static bool repeats_fin(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	return (seg->ctl & (XTCP_FIN | XTCP_RST)) == XTCP_FIN &&
	       seg->seq + xtcp_segment_len(seg) == tcb->rcv_nxt;
}

/* Text or a FIN that is not here yet, in order or not. */
static bool brings_something(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	u32 len = xtcp_segment_len(seg);

	return len && xtcp_seq_gt(seg->seq + len, tcb->rcv_nxt);
}

/*
 * First, check the sequence number. Without its timestamp nothing protects against an
 * old segment (RFC 7323 3.2 drops it): that is for what would be kept. Middleboxes and
 * keepalives of old systems leave it out, and an ACK of theirs may be all that is
 * missing to a handshake.
 */
static bool step1_sequence(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			   u64 now_us, struct xtcp_verdict *v)
{
	if (xtcp_tcb_lacks_timestamp(tcb, seg) && brings_something(tcb, seg))
		return drop(v, XTCP_DROP_NO_TIMESTAMP, XTCP_REPLY_NONE);
	if (paws_rejects(tcb, seg, now_us))
		return drop(v, XTCP_DROP_PAWS, XTCP_REPLY_ACK);
	if (!seq_acceptable(tcb, seg)) {
		/* A repeated FIN restarts 2MSL (fifth step, TIME-WAIT). */
		if (v->state == XTCP_TIME_WAIT && repeats_fin(tcb, seg))
			v->events |= XTCP_EV_TW_RESTART;
		return drop(v, XTCP_DROP_SEQUENCE, seg->ctl & XTCP_RST ?
			    XTCP_REPLY_NONE : XTCP_REPLY_ACK);
	}
	return true;
}

/* Second, check the RST bit, as RFC 5961 section 3 wants it. */
static bool step2_rst(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
		      struct xtcp_verdict *v)
{
	if (!(seg->ctl & XTCP_RST))
		return true;
	if (v->state == XTCP_TIME_WAIT && tcb->rst_ignored)
		return drop(v, XTCP_DROP_TIME_WAIT, XTCP_REPLY_NONE);
	if (seg->seq != tcb->rcv_nxt)
		return drop(v, XTCP_DROP_RST_INVALID, XTCP_REPLY_CHALLENGE);
	switch (v->state) {
	case XTCP_SYN_RCVD:
		/* Passive: back to LISTEN, or the user has it already (RFC 7413). */
		return reset(v, tcb->passive ? ECONNRESET : ECONNREFUSED);
	case XTCP_ESTABLISHED:
	case XTCP_FIN_WAIT_1:
	case XTCP_FIN_WAIT_2:
		return reset(v, ECONNRESET);
	case XTCP_CLOSE_WAIT:
		return reset(v, EPIPE);
	default:
		/* CLOSING, LAST_ACK, TIME_WAIT: it is over anyway. */
		return reset(v, 0);
	}
}

/* Fourth, check the SYN bit. That of SYN_RCVD is challenged, too (RFC 5961 4). */
static bool step4_syn(const struct xtcp_segment *seg, struct xtcp_verdict *v)
{
	if (!(seg->ctl & XTCP_SYN))
		return true;
	return drop(v, XTCP_DROP_SYN_IN_WINDOW, XTCP_REPLY_CHALLENGE);
}

/* SYN_RCVD, fifth step: the ACK of our SYN makes us ESTABLISHED. */
static bool ack_of_syn(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
		       struct xtcp_verdict *v)
{
	if (!ack_acceptable(tcb, seg->ack))
		return drop(v, XTCP_DROP_ACK_UNACCEPTABLE, XTCP_REPLY_RST);
	v->state = tcb->close_queued ? XTCP_FIN_WAIT_1 : XTCP_ESTABLISHED;
	v->acked = seg->ack - tcb->snd_una;
	v->events |= XTCP_EV_ESTABLISHED | acked_text(v);
	tcb->snd_una = seg->ack;
	take_window(tcb, seg);
	return true;
}

/* RFC 5681 section 2: what counts as a duplicate ACK. */
static bool duplicate_ack(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	return seg->ack == tcb->snd_una && tcb->snd_nxt != tcb->snd_una &&
	       !xtcp_segment_len(seg) && seg->wnd == tcb->snd_wnd;
}

/*
 * SND.WND counts from SND.UNA: where that moves, a window left as it was would reach
 * beyond what the peer announced. So every ACK that is new tells it, as in Linux, also
 * one whose number is before SND.WL1: of text sent again.
 */
static void window_update(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			  struct xtcp_verdict *v)
{
	if (xtcp_seq_lt(seg->ack, tcb->snd_una))
		return;
	if (v->acked || xtcp_seq_lt(tcb->snd_wl1, seg->seq) ||
	    (tcb->snd_wl1 == seg->seq && xtcp_seq_leq(tcb->snd_wl2, seg->ack))) {
		if (seg->wnd != tcb->snd_wnd)
			v->events |= XTCP_EV_WINDOW;
		take_window(tcb, seg);
	}
}

/* Our FIN is acknowledged: what that means in each state. */
static bool ack_of_fin(struct xtcp_verdict *v)
{
	switch (v->state) {
	case XTCP_FIN_WAIT_1:
		v->state = XTCP_FIN_WAIT_2;
		return true;
	case XTCP_CLOSING:
		v->state = XTCP_TIME_WAIT;
		return false;
	case XTCP_LAST_ACK:
		v->state = XTCP_CLOSED;
		return false;
	default:
		return true;
	}
}

/* Fifth, check the ACK field. */
static bool step5_ack(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
		      u64 now_us, struct xtcp_verdict *v)
{
	/* Asked before the ACK of our SYN moves SND.UNA to where it would be one. */
	bool duplicate = duplicate_ack(tcb, seg);

	if (!(seg->ctl & XTCP_ACK))
		return drop(v, XTCP_DROP_NO_ACK, XTCP_REPLY_NONE);
	if (v->state == XTCP_SYN_RCVD && !ack_of_syn(tcb, seg, v))
		return false;
	/* RFC 5961 section 5.2: an ACK is in (SND.UNA - MAX.SND.WND .. SND.NXT). */
	if (!xtcp_seq_between(tcb->snd_una - tcb->snd_wnd_max, seg->ack,
			      tcb->snd_nxt))
		return drop(v, XTCP_DROP_ACK_UNACCEPTABLE, XTCP_REPLY_CHALLENGE);
	/* From here on the segment is the peer's. */
	take_timestamp(tcb, seg, now_us);
	if (v->state == XTCP_TIME_WAIT) {
		/* Only a repeated FIN deserves an answer; it was unacceptable. */
		return drop(v, XTCP_DROP_TIME_WAIT,
			    xtcp_segment_len(seg) ? XTCP_REPLY_ACK : XTCP_REPLY_NONE);
	}
	if (duplicate)
		v->events |= XTCP_EV_DUPACK;
	if (ack_acceptable(tcb, seg->ack)) {
		v->acked = seg->ack - tcb->snd_una;
		v->events |= XTCP_EV_ACKED;
		tcb->snd_una = seg->ack;
	}
	window_update(tcb, seg, v);
	if (tcb->fin_sent && tcb->snd_una == tcb->snd_nxt)
		return ack_of_fin(v);
	return true;
}

static void other_states(struct xtcp_tcb *tcb, const struct xtcp_segment *arrived,
			 u64 now_us, struct xtcp_verdict *v)
{
	struct xtcp_segment seg = *arrived;

	/* The window of a segment with SYN is never scaled (RFC 7323 2.2). */
	if (!(seg.ctl & XTCP_SYN))
		seg.wnd <<= tcb->snd_wscale;
	if (!syn_before_step1(tcb, &seg, v))
		return;
	if (!step1_sequence(tcb, &seg, now_us, v))
		return;
	if (!step2_rst(tcb, &seg, v))
		return;
	/* Third, check security: RFC 9293 appendix A.1, not used. */
	if (!step4_syn(&seg, v))
		return;
	if (!step5_ack(tcb, &seg, now_us, v))
		return;
	sixth_to_eighth(tcb, &seg, v);
}

void xtcp_segment_arrives(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			  u64 now_us, struct xtcp_verdict *v)
{
	*v = (struct xtcp_verdict){ .state = tcb->state };

	switch (tcb->state) {
	case XTCP_CLOSED:
		closed(seg, v);
		break;
	case XTCP_LISTEN:
		listening(tcb, seg, v);
		break;
	case XTCP_SYN_SENT:
		syn_sent(tcb, seg, now_us, v);
		break;
	default:
		other_states(tcb, seg, now_us, v);
		break;
	}
}
