// SPDX-License-Identifier: GPL-2.0
/*
 * The timers of a socket. Packet paths tell what happened; only this file
 * decides what is armed. Each timer is a due time in due_ns[]; one hrtimer
 * waits for the earliest. A due time that moves into the future, as each ACK
 * does to it, leaves the hrtimer alone: it fires early, finds nothing, and is
 * set again.
 *
 * With many connections each of those fires in vain: of most due times the ACK
 * comes first. So what is far off is looked at once more before, by sk_timer, a
 * timer of jiffies, of which ten thousand cost no more each than ten; and where
 * it is still to come, the hrtimer is set for the rest. None is due by jiffies.
 * Nor is any late: hrtimers that fire early fire together, and delayed ACKs go
 * then (XTCP_TIMERS_EARLY_NS); the others are set once more.
 *
 * RETRANSMIT	a SYN, SYN-ACK, text or FIN is unacknowledged; RTO, doubled each
 *		time (RFC 6298 5). Ends with ETIMEDOUT after syn_retries,
 *		synack_retries, retries2, orphan_retries or TCP_USER_TIMEOUT.
 * PERSIST	there is something to send, the window is shut and nothing is on
 *		its way (RFC 9293 3.8.6.1); RTO, doubled.
 * DELACK	an ACK is owed (RFC 9293 3.8.6.3, MUST-58); delack_ms. Or one could not
 *		be sent, for want of memory or room; local_retry_ms, doubled.
 * KEEPALIVE	nothing heard for keepalive_time_ms, then each keepalive_intvl_ms
 *		(RFC 9293 3.8.4); with SO_KEEPALIVE only.
 * FIN_WAIT_2	nobody owns the socket, the peer keeps its half open;
 *		fin_timeout_ms or TCP_LINGER2.
 *
 * Everything here runs under the socket lock. The hrtimer has one reference to
 * the socket, from when it is set until it is found that nothing more is to be
 * waited for: timer_armed. Its callback can be under way, waiting for the lock,
 * while the timer is set again; so the flag, not the hrtimer's state, says
 * whether there is one. Where the callback meets a user who owns the socket it
 * touches nothing but timer_deferred, and the reference passes to release_cb.
 * sk_timer has a reference of its own (sk_reset_timer()).
 */

#include <xtcp/route.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>

#define COARSE_LEAST_NS (30 * NSEC_PER_MSEC)	/* nearer, it is not worth looking before */
#define QUICK_MS 1U		/* an ACK that was to go at once waits for an answer */

u64 xtcp_timers_earliest(const struct xtcp_sock *xs)
{
	u64 min = 0;
	int i;

	for (i = 0; i < XTCP_TIMERS; i++) {
		if (xs->due_ns[i] && (!min || xs->due_ns[i] < min))
			min = xs->due_ns[i];
	}
	return min;
}

static bool fires_by(const struct xtcp_sock *xs, u64 due_ns)
{
	const struct sock *sk = (const struct sock *)xs;

	if (hrtimer_is_queued((struct hrtimer *)&xs->timer) &&
	    ktime_to_ns(hrtimer_get_expires(&xs->timer)) <= due_ns)
		return true;
	return timer_pending(&sk->sk_timer) && xs->coarse_by_ns <= due_ns;
}

static void set_coarse(struct xtcp_sock *xs, u64 due_ns, unsigned long wait)
{
	struct sock *sk = (struct sock *)xs;

	xs->coarse_by_ns = due_ns;
	/* Such a timer may fire an eighth later than it was set to, and a tick. */
	sk_reset_timer(sk, &sk->sk_timer, jiffies + wait - wait / 8 - 3);
}

/*
 * At @due_ns, or somewhat before along with one that fires then: of many sockets many
 * are run by one interrupt. Whose due time is to be met exactly is set once more.
 */
static void set_exact(struct xtcp_sock *xs, u64 due_ns, u64 now)
{
	u64 early = due_ns > now + XTCP_TIMERS_EARLY_NS ? XTCP_TIMERS_EARLY_NS : 0;

	if (!xs->timer_armed)
		sock_hold((struct sock *)xs);
	xs->timer_armed = true;
	hrtimer_start_range_ns(&xs->timer, ns_to_ktime(due_ns - early), early,
			       HRTIMER_MODE_ABS_SOFT);
}

/* Fire at @due_ns or before. The callback sets its timer itself, at its end. */
void xtcp_timers_set(struct xtcp_sock *xs, u64 due_ns)
{
	u64 now;

	if (xs->timer_running || fires_by(xs, due_ns))
		return;
	now = ktime_get_ns();
	if (due_ns > now + COARSE_LEAST_NS)
		set_coarse(xs, due_ns, nsecs_to_jiffies(due_ns - now));
	else
		set_exact(xs, due_ns, now);
}

void xtcp_timers_arm(struct sock *sk, enum xtcp_timer which, u64 due_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->due_ns[which] = due_ns;
	xtcp_timers_set(xs, due_ns);
}

/* No later than @due_ns. */
static void arm_by(struct sock *sk, enum xtcp_timer which, u64 due_ns)
{
	u64 due = xtcp_sk(sk)->due_ns[which];

	if (!due || due_ns < due)
		xtcp_timers_arm(sk, which, due_ns);
}

static void disarm(struct sock *sk, enum xtcp_timer which)
{
	xtcp_sk(sk)->due_ns[which] = 0;
}

u64 xtcp_timers_rto_ns(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return xtcp_rtt_rto_ns(&xs->rtt, xs->backoff, xtcp_sk_knob(sk, rto_max_ms));
}

static u64 user_timeout_ns(const struct xtcp_sock *xs)
{
	return xtcp_ms_to_ns(xs->own->user_timeout_ms);
}

/* No later than the user's patience lasts (RFC 5482) with what waits since @since_ns. */
u64 xtcp_timers_by_user_timeout(const struct xtcp_sock *xs, u64 due_ns, u64 since_ns)
{
	return xs->own->user_timeout_ms ? min(due_ns, since_ns + user_timeout_ns(xs)) : due_ns;
}

/* Since when the peer has owed what @which waits for; 0: it owes nothing. */
static u64 unanswered_since(const struct xtcp_sock *xs, enum xtcp_timer which)
{
	switch (which) {
	case XTCP_TIMER_RETRANSMIT:
	case XTCP_TIMER_PERSIST:
		return xs->first_retransmit_ns;
	case XTCP_TIMER_KEEPALIVE:
		return xs->probes ? xs->heard_ns : 0;
	default:
		return 0;
	}
}

static u64 retry_ns(const struct sock *sk)
{
	u64 knob_ns = xtcp_ms_to_ns(xtcp_knob(xtcp_sk_net(sk), local_retry_ms));

	return min(knob_ns, xtcp_timers_rto_ns(sk));
}

/*
 * What was to be sent is here still, for want of room or memory: nothing is known of
 * the path, and the RTO is not doubled. Soon again.
 */
static u64 soon_ns(const struct sock *sk, enum xtcp_timer which)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u64 now = ktime_get_ns();
	u64 since = unanswered_since(xs, which);
	u64 due = now + retry_ns(sk);

	return since ? max(xtcp_timers_by_user_timeout(xs, due, since), now + 1) : due;
}

void xtcp_timers_arm_soon(struct sock *sk, enum xtcp_timer which)
{
	xtcp_timers_arm(sk, which, soon_ns(sk, which));
}

u32 xtcp_timers_recovery_ms(const struct xtcp_sock *xs)
{
	bool timed_out = xs->retransmits && xs->first_retransmit_ns;

	return timed_out ? div_u64(ktime_get_ns() - xs->first_retransmit_ns,
					 NSEC_PER_MSEC) : 0;
}

u64 xtcp_timers_keepidle_ns(const struct xtcp_sock *xs)
{
	struct xtcp_net *xn = xtcp_sk_net((const struct sock *)xs);

	return xtcp_ms_to_ns(xs->own->keepidle_ms ?: xtcp_knob(xn, keepalive_time_ms));
}

/* When the first probe goes, if nothing comes until then. */
u64 xtcp_timers_idle_end_ns(const struct xtcp_sock *xs)
{
	return xs->heard_ns + xtcp_timers_keepidle_ns(xs);
}

/* Nothing is due any more. False: a callback is under way. */
bool xtcp_timers_let_go(struct xtcp_sock *xs)
{
	if (!xs->timer_armed)
		return true;
	if (hrtimer_try_to_cancel(&xs->timer) < 0)
		return false;
	xs->timer_armed = false;
	__sock_put((struct sock *)xs);
	return true;
}

/* From now on (RFC 6298 5.1, 5.3), unless the user is less patient. */
static void wait_for_ack(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	const struct sk_buff *head = xtcp_queue_oldest(sk);
	u64 now = ktime_get_ns(), due = now + xtcp_timers_rto_ns(sk);

	xs->first_retransmit_ns = now;
	if (head && XTCP_SKB_CB(head)->kept)
		xtcp_timers_arm_soon(sk, XTCP_TIMER_RETRANSMIT);
	else
		xtcp_timers_arm(sk, XTCP_TIMER_RETRANSMIT,
				xtcp_timers_by_user_timeout(xs, due, now));
}

void xtcp_timers_syn_sent(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->retransmits = 0;
	xs->backoff = 0;
	wait_for_ack(sk);
}

void xtcp_timers_sent(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	disarm(sk, XTCP_TIMER_PERSIST);
	if (!xs->due_ns[XTCP_TIMER_RETRANSMIT])
		wait_for_ack(sk);
	/* In answer, or for one; behind a FIN comes none. */
	if (!xs->tcb.fin_sent)
		xtcp_receive_quick_aside(&xs->rcv);
}

void xtcp_timers_kept(struct sock *sk)
{
	arm_by(sk, XTCP_TIMER_RETRANSMIT, soon_ns(sk, XTCP_TIMER_RETRANSMIT));
}

void xtcp_timers_acked(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->stats.rto_time_ms += xtcp_timers_recovery_ms(xs);
	xs->retransmits = 0;
	if (xs->tcb.snd_nxt != xs->tcb.snd_una) {
		wait_for_ack(sk);
		return;
	}
	xs->first_retransmit_ns = 0;
	disarm(sk, XTCP_TIMER_RETRANSMIT);
}

void xtcp_timers_measured(struct sock *sk)
{
	xtcp_sk(sk)->backoff = 0;
}

void xtcp_timers_established(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	/* Doubled for SYNs: text begins with an RTO of its own (RFC 6298 5.7). */
	xs->backoff = 0;
	xtcp_timers_acked(sk);
	xs->heard_ns = ktime_get_ns();
	if (sock_flag(sk, SOCK_KEEPOPEN))
		xtcp_timers_keepalive_set(sk, true);
}

void xtcp_timers_window_shut(struct sock *sk)
{
	if (!xtcp_sk(sk)->due_ns[XTCP_TIMER_PERSIST])
		xtcp_timers_arm(sk, XTCP_TIMER_PERSIST,
				ktime_get_ns() + xtcp_timers_rto_ns(sk));
}

void xtcp_timers_window_open(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (!xs->due_ns[XTCP_TIMER_PERSIST])
		return;
	disarm(sk, XTCP_TIMER_PERSIST);
	xs->backoff = 0;
	xs->first_retransmit_ns = 0;
}

void xtcp_timers_ack_owed(struct sock *sk, u64 now_ns, bool soon)
{
	u32 delack_ms = xtcp_knob(xtcp_sk_net(sk), delack_ms);
	u32 rto_min_ms = xtcp_route_rto_min_ms(sk);
	struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;

	/* The peer's RTO may be as short. */
	if (rto_min_ms)
		delack_ms = min(delack_ms, max(rto_min_ms, 2U) - 1);
	/* The peer may say no more until it comes (Nagle), and we have no answer. */
	if (rcv->quick_aside) {
		rcv->quick_aside--;
		soon = true;
	}
	if (soon)
		delack_ms = min(delack_ms, QUICK_MS);
	arm_by(sk, XTCP_TIMER_DELACK, now_ns + xtcp_ms_to_ns(delack_ms));
}

/*
 * Not after delack_ms, which may be none at all: the timer would fire again and again,
 * with no one running who could free memory. And after as long as it has been here
 * already, for nothing ends that: the wait doubles.
 */
void xtcp_timers_ack_kept(struct sock *sk)
{
	struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;
	u64 now = ktime_get_ns(), most_ns = xtcp_ms_to_ns(xtcp_sk_knob(sk, rto_max_ms));

	rcv->kept_ns = rcv->kept_ns ?: now;
	arm_by(sk, XTCP_TIMER_DELACK,
	       now + max(min(now - rcv->kept_ns, most_ns), retry_ns(sk)));
}

void xtcp_timers_ack_sent(struct sock *sk)
{
	xtcp_sk(sk)->rcv.kept_ns = 0;
	disarm(sk, XTCP_TIMER_DELACK);
}

void xtcp_timers_heard(struct sock *sk, u64 now_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->heard_ns = now_ns;
	xs->probes = 0;
}

void xtcp_timers_keepalive_set(struct sock *sk, bool on)
{
	if ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT))
		return;
	if (!on)
		disarm(sk, XTCP_TIMER_KEEPALIVE);
	else if (!xtcp_sk(sk)->due_ns[XTCP_TIMER_KEEPALIVE])
		xtcp_timers_arm(sk, XTCP_TIMER_KEEPALIVE,
				ktime_get_ns() + xtcp_timers_keepidle_ns(xtcp_sk(sk)));
}

void xtcp_timers_keepidle_set(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	/*
	 * Idle is since the last segment, however often it is asked for. Probes under
	 * way go on: they have an interval of their own.
	 */
	if (xs->due_ns[XTCP_TIMER_KEEPALIVE] && !xs->probes)
		xtcp_timers_arm(sk, XTCP_TIMER_KEEPALIVE,
				max(ktime_get_ns(), xtcp_timers_idle_end_ns(xs)));
}

void xtcp_timers_user_timeout_set(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 now = ktime_get_ns(), due, since;
	int i;

	/* Of what waits already. Where that is too long, the timer fires at once. */
	for (i = 0; i < XTCP_TIMERS; i++) {
		since = unanswered_since(xs, i);
		if (!xs->due_ns[i] || !since)
			continue;
		due = xtcp_timers_by_user_timeout(xs, xs->due_ns[i], since);
		xtcp_timers_arm(sk, i, min(xs->due_ns[i], max(due, now)));
	}
}

void xtcp_timers_fin_wait_2(struct sock *sk, u64 delay_ns)
{
	xtcp_timers_arm(sk, XTCP_TIMER_FIN_WAIT_2, ktime_get_ns() + delay_ns);
}

void xtcp_timers_stop(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	memset(xs->due_ns, 0, sizeof(xs->due_ns));
	sk_stop_timer(sk, &sk->sk_timer);
	/* A callback under way finds nothing due, here or in release_cb. */
	if (!xs->timer_running)
		xtcp_timers_let_go(xs);
}

u64 xtcp_timers_left_ns(const struct xtcp_sock *xs, enum xtcp_timer which)
{
	u64 due = READ_ONCE(xs->due_ns[which]), now = ktime_get_ns();

	return due > now ? due - now : 0;
}
