// SPDX-License-Identifier: GPL-2.0
/*
 * Header prediction: nearly all segments of a connection bring the next text, or
 * acknowledge some, and nothing else. For those a short way through RFC 9293 section
 * 3.10.7.4, its steps in the same order, with the same end: KUnit holds the two against
 * each other. Whatever is unusual goes the long way (arrives.c).
 */

#include <linux/kernel.h>
#include <xtcp/tcb.h>

/*
 * Up to the fourth step nothing is to be said of @seg: it is the next one, has ACK and
 * perhaps PSH, the timestamp that was agreed on, and not an old one (RFC 7323 5.3 R1).
 */
static bool next_one(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	return tcb->state == XTCP_ESTABLISHED && seg->seq == tcb->rcv_nxt &&
	       (seg->ctl & ~XTCP_PSH) == XTCP_ACK &&
	       (!tcb->ts_ok ||
		(seg->opt.has_ts && xtcp_seq_geq(seg->opt.tsval, tcb->ts_recent)));
}

/* All of its text is in the window, and someone there who takes it. */
static bool takes_all(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg)
{
	return !seg->text_len ||
	       (seg->text_len <= xtcp_tcb_rcv_wnd(tcb) && !tcb->rcv_closed);
}

/* It acknowledges what is under way, and is no duplicate ACK (RFC 5681 2). */
static bool ack_is_usual(const struct xtcp_tcb *tcb, const struct xtcp_segment *seg, u32 wnd)
{
	u32 acked = seg->ack - tcb->snd_una, flight = tcb->snd_nxt - tcb->snd_una;

	return acked <= flight &&
	       (acked || !flight || seg->text_len || wnd != tcb->snd_wnd);
}

/* RFC 7323 4.3 (2) */
static void take_timestamp(struct xtcp_tcb *tcb, const struct xtcp_segment *seg, u64 now_us)
{
	if (!tcb->ts_ok || xtcp_seq_gt(seg->seq, tcb->last_ack_sent))
		return;
	tcb->ts_recent = seg->opt.tsval;
	tcb->ts_recent_us = now_us;
}

/* SND.WND from a segment that is newer than the last that told it: XTCP_EV_WINDOW, or 0. */
static u16 take_window(struct xtcp_tcb *tcb, const struct xtcp_segment *seg, u32 acked, u32 wnd)
{
	u16 events = wnd != tcb->snd_wnd ? XTCP_EV_WINDOW : 0;

	if (!acked && !xtcp_seq_lt(tcb->snd_wl1, seg->seq) &&
	    (tcb->snd_wl1 != seg->seq || xtcp_seq_gt(tcb->snd_wl2, seg->ack)))
		return 0;
	tcb->snd_wnd = wnd;
	tcb->snd_wnd_max = max(tcb->snd_wnd_max, wnd);
	tcb->snd_wl1 = seg->seq;
	tcb->snd_wl2 = seg->ack;
	return events;
}

bool xtcp_segment_predict(struct xtcp_tcb *tcb, const struct xtcp_segment *seg, u64 now_us,
			  struct xtcp_verdict *v)
{
	u32 acked = seg->ack - tcb->snd_una, wnd = seg->wnd << tcb->snd_wscale;
	u32 text_len = seg->text_len;
	u16 events;

	if (!next_one(tcb, seg) || !takes_all(tcb, seg) || !ack_is_usual(tcb, seg, wnd))
		return false;
	/* Fifth, check the ACK field. */
	take_timestamp(tcb, seg, now_us);
	events = take_window(tcb, seg, acked, wnd) | (acked ? XTCP_EV_ACKED : 0);
	tcb->snd_una = seg->ack;
	/* Seventh, process the segment text. */
	tcb->rcv_nxt += text_len;
	*v = (struct xtcp_verdict){
		.state		= XTCP_ESTABLISHED,
		.events		= events | (text_len ? XTCP_EV_TEXT : 0),
		.acked		= acked,
		.text_seq	= seg->seq,
		.text_len	= text_len,
	};
	return true;
}
