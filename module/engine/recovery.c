// SPDX-License-Identifier: GPL-2.0
/*
 * Loss recovery: fast retransmit and fast recovery (RFC 5681 section 3.2 as
 * NewReno, RFC 6582), limited transmit (RFC 3042), and going back to the first
 * unacknowledged octet after a timeout (RFC 5681 section 3.1).
 */

#include <xtcp/output.h>
#include <xtcp/recovery.h>
#include <xtcp/route.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>

static u32 flight(const struct xtcp_tcb *tcb)
{
	return tcb->snd_nxt - tcb->snd_una - xtcp_tcb_syn_under_way(tcb);
}

/* After a timeout: some of what was sent before it has to be sent again. */
static bool resending(const struct xtcp_cong *cong)
{
	return cong->phase == XTCP_CONG_LOSS &&
	       xtcp_seq_lt(cong->resend, cong->recover);
}

/*
 * Beside @segments of @octets all in all, does the window take one more of @len? A
 * window of N segments is no more than N, however small they are (RFC 5681 3.1); one
 * may always go, or there were nothing that an ACK could answer.
 */
static bool fits(const struct xtcp_cong *cong, u32 segments, u32 octets, u32 len)
{
	return !segments || (octets + len <= cong->cwnd &&
			     (u64)segments * cong->mss < cong->cwnd);
}

/* So much of @len beside them: all, or whole segments; -1: nothing. */
static int fitting(const struct xtcp_cong *cong, u32 segments, u32 octets, u32 len)
{
	u32 mss = cong->mss, by_number, room;

	if (!fits(cong, segments, octets, min(len, mss)))
		return -1;
	if (len <= mss || cong->cwnd <= octets + mss)
		return min(len, mss);
	by_number = (DIV_ROUND_UP(cong->cwnd, mss) - segments) * mss;
	room = min(cong->cwnd - octets, by_number);
	return len <= room ? len : room - room % mss;
}

/* How much of a window what is outstanding fills: segments count whole. */
static u32 window_filled(const struct xtcp_sock *xs)
{
	u64 by_number = (u64)xs->snd.segments_out * xs->cong.mss;

	return min_t(u64, max_t(u64, flight(&xs->tcb), by_number), U32_MAX / 2);
}

int xtcp_recovery_allows(const struct xtcp_sock *xs, u32 len)
{
	const struct xtcp_cong *cong = &xs->cong;
	u32 segments = xs->snd.segments_out;
	u32 octets = flight(&xs->tcb);
	u32 left = 0;

	/* What is taken to be lost goes before what is new. */
	if (resending(cong))
		return -1;
	/* Each of the first duplicate ACKs tells of a segment that left (RFC 3042). */
	if (cong->phase == XTCP_CONG_OPEN)
		left = min_t(u32, cong->dupacks, segments);
	return fitting(cong, segments - left, octets - min(octets, left * cong->mss), len);
}

/*
 * The initial window (RFC 6928 2): one segment where the SYN or SYN-ACK had to be sent
 * again more than once, for then it is the path, and not its length.
 */
static u32 initial_segments(const struct sock *sk)
{
	return xtcp_sk(sk)->retransmits > 1 ? 1 : xtcp_initial_cwnd(sk);
}

void xtcp_recovery_start(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xtcp_cong_start(&xs->cong, xs->snd.mss, initial_segments(sk));
	xs->cong.recover = xs->tcb.iss;		/* RFC 6582 3.2 step 1 */
}

void xtcp_recovery_established(struct sock *sk)
{
	struct xtcp_cong *cong = &xtcp_sk(sk)->cong;

	cong->cwnd = min(cong->cwnd, cong->mss * initial_segments(sk));
}

/*
 * RFC 5681 4.1: after silence no ACKs pace what is sent, and what was learned of the
 * path is old. Three quarters of it are soon reached again (RFC 7661 4.4.1).
 */
void xtcp_recovery_idle(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;
	struct xtcp_net *xn = xtcp_sk_net(sk);
	u32 idle = (u32)jiffies - xs->stats.data_sent;

	if (flight(&xs->tcb) || !xtcp_knob(xn, slow_start_after_idle) ||
	    idle <= nsecs_to_jiffies(xtcp_timers_rto_ns(sk)))
		return;
	cong->ssthresh = max(cong->ssthresh, cong->cwnd / 4 * 3);
	cong->cwnd = min(cong->cwnd, cong->mss * xtcp_initial_cwnd(sk));
}

/* What has to be acknowledged first did not leave this machine, the last time. */
static bool head_kept(const struct xtcp_sock *xs)
{
	const struct sk_buff *head = xtcp_queue_oldest((const struct sock *)xs);

	return head && XTCP_SKB_CB(head)->kept;
}

/* @len octets of it. Where the head stays here, it does not wait for an RTO: its loss is known. */
static bool resend(struct sock *sk, struct sk_buff *skb, u32 len)
{
	if (!xtcp_output_retransmit(sk, skb, len))
		return true;
	if (skb == xtcp_queue_oldest(sk))
		xtcp_timers_kept(sk);
	return false;
}

/* One segment. */
static void resend_head(struct sock *sk)
{
	struct sk_buff *skb = xtcp_queue_oldest(sk);

	if (skb)
		resend(sk, skb, min_t(u32, skb->len, xtcp_sk(sk)->snd.mss));
}

/*
 * Equation (4) of RFC 5681. What limited transmit sent, beyond cwnd, does not count
 * (3.2 step 2), nor what duplicate ACKs let go in recovery: the loss of what was sent
 * again is a second reason to halve (4.3).
 */
static u32 halved(const struct xtcp_sock *xs)
{
	const struct xtcp_cong *cong = &xs->cong;
	u32 window = cong->phase == XTCP_CONG_RECOVERY ? cong->ssthresh : cong->cwnd;

	return cong->ops->ssthresh(cong, min(window_filled(xs), window));
}

/* RFC 6582 3.2 step 2 */
static void enter_recovery(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;

	cong->ssthresh = halved(xs);
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
		/*
		 * Step 2: up to recover segments were sent twice, and the second ones
		 * are answered like this, too.
		 */
		if (xtcp_seq_leq(xs->tcb.snd_una, cong->recover))
			break;
		if (++cong->dupacks >= xtcp_knob(xtcp_sk_net(sk), reordering))
			enter_recovery(sk);
		break;
	case XTCP_CONG_RECOVERY:
		/* What was to be sent again has not left this machine yet. */
		if (head_kept(xs))
			resend_head(sk);
		/* RFC 5681 3.2 step 4: another has left; no more than were on their way. */
		if (cong->cwnd < cong->ssthresh + window_filled(xs))
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
				 max_t(u32, window_filled(xs), cong->mss) + cong->mss);
		cong->phase = XTCP_CONG_OPEN;
		cong->dupacks = 0;
		return;
	}
	/* Partial: deflate by what was acknowledged, send the next hole. */
	cong->cwnd = max_t(u32, cong->cwnd - min(acked, cong->cwnd), cong->mss);
	if (acked >= cong->mss)
		cong->cwnd += cong->mss;
	resend_head(sk);
}

/*
 * Was cwnd what held the sender back (RFC 7661)? In slow start half will do. Small
 * segments fill it by their number.
 */
static bool cwnd_limited(const struct xtcp_sock *xs, u32 acked, u32 segments)
{
	const struct xtcp_cong *cong = &xs->cong;
	u64 was_out = max_t(u64, flight(&xs->tcb) + acked,
			    (u64)(xs->snd.segments_out + segments) * cong->mss);

	if (cong->cwnd < cong->ssthresh)
		return 2 * was_out >= cong->cwnd;
	return was_out + cong->mss >= cong->cwnd;
}

void xtcp_recovery_acked(struct sock *sk, u32 acked, u32 segments, u64 now_us)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;
	bool limited = cwnd_limited(xs, acked, segments);

	switch (cong->phase) {
	case XTCP_CONG_OPEN:
		/* Behind it for good, however far the numbers go on. */
		if (xtcp_seq_gt(xs->tcb.snd_una, cong->recover))
			cong->recover = xs->tcb.snd_una - 1;
		break;
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
	xtcp_cong_acked(cong, acked, limited, xtcp_knob(xtcp_sk_net(sk), abc_limit),
			now_us);
}

/* All that is outstanding is to be sent again (RFC 6582 3.2, retransmit timeouts). */
static void go_back(struct xtcp_sock *xs)
{
	struct xtcp_cong *cong = &xs->cong;

	cong->recover = xs->tcb.snd_nxt;
	cong->resend = xs->tcb.snd_una;
	cong->phase = XTCP_CONG_LOSS;
	cong->dupacks = 0;
	cong->acked = 0;
}

bool xtcp_recovery_retry(struct sock *sk)
{
	if (xtcp_sk(sk)->cong.phase != XTCP_CONG_RECOVERY || !head_kept(xtcp_sk(sk)))
		return false;
	resend_head(sk);
	return true;
}

/* RFC 5681 3.1: one segment of loss window, and all in flight counts as lost. */
void xtcp_recovery_timeout(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;

	/* What was sent again did not leave: nothing is new, and it is tried once more. */
	if (cong->phase == XTCP_CONG_LOSS && head_kept(xs)) {
		xtcp_recovery_push(sk);
		return;
	}
	/* A second timeout of the same segment does not halve again. */
	if (cong->phase != XTCP_CONG_LOSS || !xs->retransmits)
		cong->ssthresh = halved(xs);
	cong->cwnd = cong->mss;
	go_back(xs);
	xtcp_recovery_push(sk);
}

void xtcp_recovery_too_large(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;

	/* Recovery ends here: what duplicate ACKs added to cwnd goes with it. */
	if (cong->phase == XTCP_CONG_RECOVERY)
		cong->cwnd = min(cong->cwnd, cong->ssthresh);
	go_back(xs);
}

void xtcp_recovery_push(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_cong *cong = &xs->cong;
	u32 segments = 0, octets;
	struct sk_buff *skb;
	int len;

	/* Only what was sent since the timeout is taken to be on its way. */
	for (skb = xtcp_queue_oldest(sk); skb && resending(cong); skb = xtcp_queue_next(skb)) {
		if (xtcp_seq_lt(cong->resend, XTCP_SKB_CB(skb)->end_seq)) {
			octets = segments ? cong->resend - xs->tcb.snd_una : 0;
			len = fitting(cong, segments, octets, skb->len);
			if (len < 0 || !resend(sk, skb, len))
				return;
			cong->resend = XTCP_SKB_CB(skb)->end_seq;
		}
		segments += xtcp_queue_segments(skb);
	}
}
