// SPDX-License-Identifier: GPL-2.0
/*
 * Loss recovery: fast retransmit and fast recovery (RFC 5681 section 3.2 as
 * NewReno, RFC 6582), limited transmit (RFC 3042), and going back to the first
 * unacknowledged octet after a timeout (RFC 5681 section 3.1).
 */

#include <xtcp/output.h>
#include <xtcp/recovery.h>
#include <xtcp/sock.h>

static u32 flight(const struct xtcp_tcb *tcb)
{
	return tcb->snd_nxt - tcb->snd_una - xtcp_tcb_syn_under_way(tcb);
}

static bool resending(const struct xtcp_cong *cong)
{
	return cong->phase == XTCP_CONG_LOSS &&
	       xtcp_seq_lt(cong->resend, cong->recover);
}

u32 xtcp_recovery_pipe(const struct xtcp_sock *xs)
{
	const struct xtcp_cong *cong = &xs->cong;
	u32 out = flight(&xs->tcb);

	/* After a timeout nothing is taken to be on its way but what we resent. */
	if (resending(cong))
		return xtcp_seq_gt(cong->resend, xs->tcb.snd_una) ?
			cong->resend - xs->tcb.snd_una : 0;
	/* Each of the first duplicate ACKs tells of a segment that left. */
	if (cong->phase == XTCP_CONG_OPEN)
		return out - min(out, cong->dupacks * cong->mss);
	return out;
}

static void resend_head(struct sock *sk)
{
	struct sk_buff *skb = skb_peek(&xtcp_sk(sk)->snd.rtx_queue);

	if (skb)
		xtcp_output_retransmit(sk, skb);
}

/* RFC 6582 3.2 step 2 */
static void enter_recovery(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;

	cong->ssthresh = cong->ops->ssthresh(cong, flight(&xs->tcb));
	cong->recover = xs->tcb.snd_nxt;
	cong->cwnd = cong->ssthresh + cong->dupacks * cong->mss;
	cong->phase = XTCP_CONG_RECOVERY;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FAST_RETRANS);
	resend_head(sk);
}

void xtcp_recovery_dupack(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;

	switch (cong->phase) {
	case XTCP_CONG_OPEN:
		if (++cong->dupacks >= xtcp_knob(xtcp_sk_net(sk), reordering))
			enter_recovery(sk);
		break;
	case XTCP_CONG_RECOVERY:
		/* Step 3: another segment has left the network. */
		cong->cwnd += cong->mss;
		break;
	}
}

/* RFC 6582 3.2 step 3: everything up to recover is here, or not yet. */
static void acked_in_recovery(struct xtcp_sock *xs, u32 acked)
{
	struct sock *sk = (struct sock *)xs;
	struct xtcp_cong *cong = &xs->cong;

	if (xtcp_seq_geq(xs->tcb.snd_una, cong->recover)) {
		cong->cwnd = min(cong->ssthresh,
				 max(flight(&xs->tcb), cong->mss) + cong->mss);
		cong->phase = XTCP_CONG_OPEN;
		cong->dupacks = 0;
		return;
	}
	/* Partial: deflate by what was acknowledged, send the next hole. */
	cong->cwnd = max(cong->cwnd - min(acked, cong->cwnd), cong->mss);
	if (acked >= cong->mss)
		cong->cwnd += cong->mss;
	resend_head(sk);
}

/* Was cwnd what held the sender back (RFC 7661)? In slow start half will do. */
static bool cwnd_limited(const struct xtcp_sock *xs, u32 acked)
{
	const struct xtcp_cong *cong = &xs->cong;
	u32 was_out = flight(&xs->tcb) + acked;

	if (cong->cwnd < cong->ssthresh)
		return 2 * was_out >= cong->cwnd;
	return was_out + cong->mss >= cong->cwnd;
}

void xtcp_recovery_acked(struct sock *sk, u32 acked)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;
	bool limited = cwnd_limited(xs, acked);

	switch (cong->phase) {
	case XTCP_CONG_RECOVERY:
		acked_in_recovery(xs, acked);
		return;
	case XTCP_CONG_LOSS:
		if (xtcp_seq_lt(cong->resend, xs->tcb.snd_una))
			cong->resend = xs->tcb.snd_una;
		if (xtcp_seq_geq(xs->tcb.snd_una, cong->recover))
			cong->phase = XTCP_CONG_OPEN;
		limited = true;
		break;
	}
	cong->dupacks = 0;
	xtcp_cong_acked(cong, acked, limited, xtcp_now_us());
}

/* RFC 5681 3.1: one segment of loss window, and all in flight counts as lost. */
void xtcp_recovery_timeout(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;

	/* A second timeout of the same segment does not halve again. */
	if (cong->phase != XTCP_CONG_LOSS || !xs->retransmits)
		cong->ssthresh = cong->ops->ssthresh(cong, flight(&xs->tcb));
	cong->cwnd = cong->mss;
	cong->recover = xs->tcb.snd_nxt;
	cong->resend = xs->tcb.snd_una;
	cong->phase = XTCP_CONG_LOSS;
	cong->dupacks = 0;
	cong->acked = 0;
	xtcp_recovery_push(sk);
}

void xtcp_recovery_push(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;
	struct sk_buff *skb;
	u32 pipe;

	if (!resending(cong))
		return;
	skb_queue_walk(&xs->snd.rtx_queue, skb) {
		if (xtcp_seq_geq(cong->resend, XTCP_SKB_CB(skb)->end_seq))
			continue;
		pipe = xtcp_recovery_pipe(xs);
		if (pipe && pipe + skb->len > cong->cwnd)
			return;
		if (xtcp_output_retransmit(sk, skb))
			return;
		cong->resend = XTCP_SKB_CB(skb)->end_seq;
		if (!resending(cong))
			return;
	}
}
