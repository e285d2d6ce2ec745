// SPDX-License-Identifier: GPL-2.0
/*
 * What may go now: windows, Nagle's algorithm, silly windows (RFC 9293 sections 3.7.4,
 * 3.8.6). A FIN is a flag of the last skb.
 */

#include <net/tcp_states.h>
#include <xtcp/batch.h>
#include <xtcp/mss.h>
#include <xtcp/output.h>
#include <xtcp/push.h>
#include <xtcp/queue.h>
#include <xtcp/recovery.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>

static bool may_send_text(const struct sock *sk)
{
	return xtcp_early(sk) ||
	       ((1 << xtcp_sk(sk)->tcb.state) &
		(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 |
		 TCPF_CLOSING | TCPF_LAST_ACK));
}

/*
 * RFC 9293 3.7.4 (RFC 896), in Minshall's way: one small segment at a time.
 * What is corked waits longer, but the persist timer ends that too. What is
 * urgent does not wait.
 */
static bool nagle_holds(const struct xtcp_sock *xs, const struct sk_buff *skb)
{
	if ((XTCP_SKB_CB(skb)->ctl & XTCP_FIN) || xs->tcb.snd_urgent)
		return false;
	if (xs->snd.cork || xs->snd.more)
		return true;
	return !xs->snd.nodelay &&
	       xtcp_seq_gt(xs->snd.small_seq, xs->tcb.snd_una) &&
	       xtcp_seq_leq(xs->snd.small_seq, xs->tcb.snd_nxt);
}

/* Of @len octets, those behind the last whole segment. */
static u32 beyond_whole(const struct xtcp_sock *xs, u32 len)
{
	return len < xs->snd.mss ? len : len % xs->snd.mss;
}

/*
 * Of @len octets of @skb, how many the peer's window takes; -1: nothing. Sender's
 * silly-window avoidance (RFC 9293 3.8.6.2.1): whole segments, or half of the largest
 * window.
 */
static int in_window(const struct xtcp_sock *xs, const struct sk_buff *skb, u32 len)
{
	const struct xtcp_tcb *tcb = &xs->tcb;
	u32 edge = tcb->snd_una + xtcp_tcb_syn_under_way(tcb) + tcb->snd_wnd;
	u32 seq = XTCP_SKB_CB(skb)->seq, usable = edge - seq, whole;

	/* All of it is, with the FIN. */
	if (xtcp_seq_leq(len == skb->len ? XTCP_SKB_CB(skb)->end_seq : seq + len, edge))
		return len;
	if ((s32)usable <= 0 || !len)
		return -1;
	whole = min(usable, len - 1);
	whole -= beyond_whole(xs, whole);
	if (whole)
		return whole;
	return usable < len && usable >= tcb->snd_wnd_max / 2 ? usable : -1;
}

/* How much of @skb, the first unsent, may go now, all of it or in whole segments; -1: nothing. */
static int allowed(const struct sock *sk, const struct sk_buff *skb)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	/* What is urgent is so many octets ahead of each segment of its own. */
	u32 most = xs->tcb.snd_urgent ? xs->snd.mss : xs->snd.goal, rest;
	int len = xtcp_recovery_allows(xs, min(skb->len, most));

	if (len >= 0)
		len = in_window(xs, skb, len);
	if (len < 0 || skb != xtcp_queue_last_unsent(sk))
		return len;
	rest = beyond_whole(xs, skb->len);
	if (!rest || !nagle_holds(xs, skb))
		return len;
	return skb->len > rest ? min_t(u32, len, skb->len - rest) : -1;
}

/* Or none. There are devices that let go of what they sent when more comes, or much later. */
static bool one_under_way(const struct sock *sk)
{
	struct sk_buff *oldest = xtcp_queue_oldest(sk);

	return !oldest || !xtcp_queue_next(oldest);
}

/*
 * Small queues: what one connection may have waiting in this machine, in its qdisc or the
 * device's ring, charged to it: what it sends in a millisecond by its round trips, or in as
 * long as its device gathers (Wi-Fi: sk_pacing_shift_update()), and less than three skbs in
 * any case. More would only make others wait, and what it has to send again.
 */
static bool queues_full(const struct sock *sk, const struct sk_buff *skb)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u32 waiting = sk_wmem_alloc_get(sk), least = 3 * skb->truesize, rate;
	u32 us = USEC_PER_SEC >> READ_ONCE(sk->sk_pacing_shift);

	if (waiting < least || one_under_way(sk))
		return false;
	rate = min_t(u64, div_u64((u64)xs->cong.cwnd * us, max(xs->rtt.srtt_us, 1U)),
		     xtcp_knob(xtcp_sk_net(sk), limit_output_bytes));
	return waiting > rate;
}

/*
 * Then xtcp_push_room() sends what follows. It hears of each segment that left this machine
 * as long as SOCK_USE_WRITE_QUEUE is not set (sock_wfree()): only while something waits.
 *
 * One that is leaving at this moment, on another CPU, may have looked before, and be counted
 * still. Should all that are left be such, what waits does so for an ACK or the
 * retransmission timer: two skbs are under way at least.
 */
static bool throttled(struct sock *sk, const struct sk_buff *skb)
{
	if (!queues_full(sk, skb))
		return false;
	sock_reset_flag(sk, SOCK_USE_WRITE_QUEUE);
	/* The last may have left before that was seen. */
	smp_mb();
	if (queues_full(sk, skb))
		return true;
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	return false;
}

/* A driver that frees a segment may hold a lock of its interrupts: they stay off. */
void xtcp_push_room(struct sock *sk)
{
	if (sock_flag(sk, SOCK_USE_WRITE_QUEUE))
		return;
	if (irqs_disabled()) {
		xtcp_batch_add(sk);
		return;
	}
	local_bh_disable();
	xtcp_batch_add(sk);
	local_bh_enable();
}

void xtcp_push_deferred(struct sock *sk)
{
	if (sock_flag(sk, SOCK_USE_WRITE_QUEUE))
		return;
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	xtcp_push_text(sk);
}

/* First transmission of @skb, the head of the send queue. */
static void send_head(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb);

	/* RFC 9293 MUST-61: on the last of what the user wrote. */
	if (skb->len && skb == xtcp_queue_last_unsent(sk) && !xs->snd.more)
		cb->ctl |= XTCP_PSH;
	if (beyond_whole(xs, skb->len))
		xs->snd.small_seq = cb->end_seq;
	/* snd_nxt moves first: a segment is in flight even if IP refused it. */
	xs->tcb.snd_nxt = cb->end_seq;
	if (cb->ctl & XTCP_FIN)
		xs->tcb.fin_sent = 1;
	xtcp_queue_sent(sk, skb);
	cb->kept = !xtcp_output_text(sk, skb);
	xtcp_timers_sent(sk);
}

/* @head: of the send queue, what may go having gone. */
static enum xtcp_limit limit_now(const struct sock *sk, const struct sk_buff *head)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (head && xtcp_seq_gt(XTCP_SKB_CB(head)->seq + min_t(u32, head->len, xs->snd.mss),
				xs->tcb.snd_una + xs->tcb.snd_wnd))
		return XTCP_LIMIT_RWND;
	if (!head && !xs->snd.segments_out)
		return XTCP_LIMIT_IDLE;
	if (!head && sk->sk_socket && test_bit(SOCK_NOSPACE, &sk->sk_socket->flags))
		return XTCP_LIMIT_SNDBUF;
	return XTCP_LIMIT_BUSY;
}

/* Nothing is to be sent, or sent again, and what is written next is cut as before. */
static bool nothing_to_do(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return !xtcp_queue_unsent(sk) && xs->cong.phase != XTCP_CONG_LOSS &&
	       xs->tcb.snd_wnd_max == xs->snd.mss_wnd_max;
}

void xtcp_push_text(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb;
	int len;

	if (!may_send_text(sk))
		return;
	/* So it is with nearly every segment that comes in. */
	if (nothing_to_do(sk)) {
		xtcp_queue_limit(xs, limit_now(sk, NULL));
		return;
	}
	xtcp_mss_refresh(sk);
	xtcp_recovery_idle(sk);
	xtcp_recovery_push(sk);
	while ((skb = xtcp_queue_unsent(sk))) {
		len = allowed(sk, skb);
		if (len < 0 || throttled(sk, skb) || ((u32)len < skb->len && xtcp_queue_split(sk, skb, len)))
			break;
		send_head(sk, skb);
	}
	xtcp_queue_limit(xs, limit_now(sk, skb));
	/* Something waits, and no ACK is under way that would let it go. */
	if (skb && xs->tcb.snd_nxt == xs->tcb.snd_una)
		xtcp_timers_window_shut(sk);
}

bool xtcp_push_override(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb = xtcp_queue_unsent(sk);
	u32 usable = xs->tcb.snd_una + xs->tcb.snd_wnd - xs->tcb.snd_nxt;
	u32 len;

	if (!skb || (s32)usable <= 0)
		return false;
	xtcp_mss_refresh(sk);
	len = min3(usable, skb->len, (u32)xs->snd.mss);
	if (len < skb->len && (!len || xtcp_queue_split(sk, skb, len)))
		return false;
	send_head(sk, skb);
	return true;
}

/*
 * The FIN rides on the last unsent text. An empty skb carries it when there is
 * none; without memory for that we wait for it: a close must not be forgotten.
 */
void xtcp_push_fin(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb = xtcp_queue_last_unsent(sk);
	struct xtcp_skb_cb *cb;

	if (xs->snd.fin_queued)
		return;
	if (!skb) {
		skb = xtcp_queue_alloc(sk, GFP_KERNEL | __GFP_NOFAIL, true);
		xtcp_queue_append(sk, skb);
	}
	cb = XTCP_SKB_CB(skb);
	cb->ctl |= skb->len ? XTCP_FIN | XTCP_PSH : XTCP_FIN;
	cb->end_seq++;
	xs->snd.write_seq++;
	xs->snd.fin_queued = 1;
	xtcp_push_text(sk);
}
