// SPDX-License-Identifier: GPL-2.0
/*
 * Any segment in any state, for libFuzzer. The control block is one that RFC 9293 3.3.1
 * allows; what is left of it must be one, too, whatever the segment says.
 */

#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>
#include <xtcp/tcb.h>

/* Numbers are offsets from places where something may change, so that they are found. */
struct input {
	u8 state, flags, ctl, text_len, seq_from, ack_from, rcv_wnd, in_flight;
	u16 wnd, snd_wnd, up;
	u8 snd_wscale, tsval, ts_recent, has_ts;
	s8 seq, ack;
	u32 iss, irs;
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void make_tcb(const struct input *in, struct xtcp_tcb *tcb)
{
	bool opening = in->state == XTCP_SYN_SENT || in->state == XTCP_SYN_RCVD;

	*tcb = (struct xtcp_tcb){
		.state = in->state,
		.passive = in->flags,
		.close_queued = in->flags >> 1,
		.fin_sent = in->flags >> 2,
		.rcv_closed = in->flags >> 3,
		.rst_ignored = in->flags >> 4,
		.ts_ok = in->flags >> 5,
		.snd_wscale = in->snd_wscale % (XTCP_WSCALE_MAX + 1),
		.iss = in->iss,
		.snd_una = in->iss + !opening,
		.snd_nxt = in->iss + 1 + in->in_flight,
		.snd_wnd = in->snd_wnd,
		.snd_wnd_max = in->snd_wnd,
		.irs = in->irs,
		.rcv_nxt = in->irs + 1,
		.rcv_adv = in->irs + 1 + in->rcv_wnd,
		.last_ack_sent = in->irs + 1,
		.ts_recent = in->ts_recent,
		.paws_idle_us = 1,
	};
}

static void make_segment(const struct input *in, const struct xtcp_tcb *tcb,
			 struct xtcp_segment *seg)
{
	const u32 seqs[] = { tcb->rcv_nxt, tcb->rcv_adv, tcb->irs, tcb->rcv_nxt + (1U << 31) };
	const u32 acks[] = { tcb->snd_una, tcb->snd_nxt, tcb->snd_una - tcb->snd_wnd_max,
			     tcb->snd_nxt + (1U << 31) };

	*seg = (struct xtcp_segment){
		.seq = seqs[in->seq_from % 4] + in->seq,
		.ack = acks[in->ack_from % 4] + in->ack,
		.text_len = in->text_len,
		.wnd = in->wnd,
		.up = in->up,
		.ctl = in->ctl,
		.opt.has_ts = in->has_ts,
		.opt.tsval = in->tsval,
	};
}

static void judge(const struct xtcp_tcb *before, const struct xtcp_tcb *tcb,
		  const struct xtcp_segment *seg, const struct xtcp_verdict *v)
{
	u32 taken = tcb->rcv_nxt - before->rcv_nxt;

	require(v->state && v->state < XTCP_STATES && tcb->state == before->state);
	require(v->reply <= XTCP_REPLY_RST && v->drop < XTCP_DROPS);
	require(tcb->iss == before->iss && tcb->snd_nxt == before->snd_nxt);
	require(tcb->snd_una - before->snd_una <= before->snd_nxt - before->snd_una);
	require(v->text_len <= seg->text_len);
	if (v->state == XTCP_CLOSED || before->state == XTCP_SYN_SENT ||
	    before->state == XTCP_LISTEN)
		return;
	/* Text that was taken fits; a FIN alone needs no room. */
	require(taken <= before->rcv_adv - before->rcv_nxt + 1 && taken <= xtcp_segment_len(seg));
	require(tcb->rcv_adv == before->rcv_adv && tcb->irs == before->irs);
	require(!(v->events & (XTCP_EV_TEXT | XTCP_EV_FIN)) == !taken);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct xtcp_tcb before, tcb, shorter;
	struct xtcp_verdict v, by_prediction;
	struct xtcp_segment seg;
	struct input in;

	if (size < sizeof(in))
		return -1;
	memcpy(&in, data, sizeof(in));
	in.state = 1 + in.state % (XTCP_STATES - 1);
	make_tcb(&in, &before);
	make_segment(&in, &before, &seg);
	tcb = before;
	shorter = before;
	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	judge(&before, &tcb, &seg, &v);
	if (!xtcp_segment_predict(&shorter, &seg, 0, &by_prediction))
		return 0;
	require(!memcmp(&shorter, &tcb, sizeof(tcb)) && by_prediction.events == v.events &&
		by_prediction.state == v.state && by_prediction.text_len == v.text_len);
	return 0;
}
