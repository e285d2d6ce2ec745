// SPDX-License-Identifier: GPL-2.0
/*
 * The timers of a socket. Packet paths tell what happened; only this file
 * decides what is armed. Each timer is a due time in due_ns[]; one hrtimer
 * waits for the earliest. A due time that moves into the future, as each ACK
 * does to it, leaves the hrtimer alone: it fires early, finds nothing, and is
 * set again.
 *
 * RETRANSMIT	a SYN, SYN-ACK, text or FIN is unacknowledged; RTO, doubled each
 *		time (RFC 6298 5). Ends with ETIMEDOUT after syn_retries,
 *		synack_retries, retries2, orphan_retries or TCP_USER_TIMEOUT.
 * PERSIST	there is something to send, the window is shut and nothing is on
 *		its way (RFC 9293 3.8.6.1); RTO, doubled.
 * DELACK	an ACK is owed (RFC 9293 3.8.6.3, MUST-58); delack_ms. Or one could not
 *		be sent, for want of memory or room; local_retry_ms.
 * KEEPALIVE	nothing heard for keepalive_time_ms, then each keepalive_intvl_ms
 *		(RFC 9293 3.8.4); with SO_KEEPALIVE only.
 * FIN_WAIT_2	nobody owns the socket, the peer keeps its half open;
 *		fin_timeout_ms or TCP_LINGER2.
 *
 * Due times of what is tried again count from the last due time, not from when we
 * came to run, so that retries do not drift. But where we are late by more than half
 * an interval, the machine stood still, and no one could answer: then nothing is
 * given up, and the next interval counts from now.
 *
 * Everything here runs under the socket lock. The hrtimer has one reference to
 * the socket, from when it is set until it is found that nothing more is to be
 * waited for: timer_armed. Its callback can be under way, waiting for the lock,
 * while the timer is set again; so the flag, not the hrtimer's state, says
 * whether there is one. Where the callback meets a user who owns the socket it
 * touches nothing but timer_deferred, and the reference passes to release_cb.
 */

#include <xtcp/af.h>
#include <xtcp/output.h>
#include <xtcp/push.h>
#include <xtcp/recovery.h>
#include <xtcp/route.h>
#include <xtcp/sock.h>
#include <xtcp/trace.h>

static u64 ms_to_ns(u32 ms)
{
	return (u64)ms * NSEC_PER_MSEC;
}

/* --- the hrtimer -------------------------------------------------------- */

static u64 earliest(const struct xtcp_sock *xs)
{
	u64 min = 0;
	int i;

	for (i = 0; i < XTCP_TIMERS; i++) {
		if (xs->due_ns[i] && (!min || xs->due_ns[i] < min))
			min = xs->due_ns[i];
	}
	return min;
}

static bool fires_by(const struct hrtimer *timer, u64 due_ns)
{
	return hrtimer_is_queued((struct hrtimer *)timer) &&
	       ktime_to_ns(hrtimer_get_expires(timer)) <= due_ns;
}

/* Fire at @due_ns or before. The callback sets its timer itself, at its end. */
static void set_hrtimer(struct xtcp_sock *xs, u64 due_ns)
{
	if (xs->timer_running || fires_by(&xs->timer, due_ns))
		return;
	if (!xs->timer_armed)
		sock_hold((struct sock *)xs);
	xs->timer_armed = true;
	hrtimer_start(&xs->timer, ns_to_ktime(due_ns), HRTIMER_MODE_ABS_SOFT);
}

static void arm(struct sock *sk, enum xtcp_timer which, u64 due_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->due_ns[which] = due_ns;
	set_hrtimer(xs, due_ns);
}

/* No later than @due_ns. */
static void arm_by(struct sock *sk, enum xtcp_timer which, u64 due_ns)
{
	u64 due = xtcp_sk(sk)->due_ns[which];

	if (!due || due_ns < due)
		arm(sk, which, due_ns);
}

static void disarm(struct sock *sk, enum xtcp_timer which)
{
	xtcp_sk(sk)->due_ns[which] = 0;
}

static u64 rto_ns(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return xtcp_rtt_rto_ns(&xs->rtt, xs->backoff, xtcp_sk_knob(sk, rto_max_ms));
}

/* --- giving up ---------------------------------------------------------- */

static void give_up(struct sock *sk, enum xtcp_counter why)
{
	xtcp_count(xtcp_sk_net(sk), why);
	xtcp_fail(sk, READ_ONCE(sk->sk_err_soft) ?: ETIMEDOUT);
}

static u64 user_timeout_ns(const struct xtcp_sock *xs)
{
	return ms_to_ns(xs->user_timeout_ms);
}

/* No later than the user's patience lasts (RFC 5482) with what waits since @since_ns. */
static u64 by_user_timeout(const struct xtcp_sock *xs, u64 due_ns, u64 since_ns)
{
	return xs->user_timeout_ms ? min(due_ns, since_ns + user_timeout_ns(xs)) : due_ns;
}

/* One of a row of tries. */
struct try {
	u64 due_ns;		/* it was due then */
	bool late;		/* and is made long after: the machine stood still */
};

/* It was due then, @interval_ns after the one before. */
static struct try try_of(u64 due_ns, u64 interval_ns)
{
	return (struct try){
		.due_ns = due_ns,
		.late = ktime_get_ns() > due_ns + interval_ns / 2,
	};
}

/* The next interval does. */
static u64 counts_from(const struct try *try)
{
	return try->late ? ktime_get_ns() : try->due_ns;
}

/* There were @enough, or it took too long for the user. */
static bool given_up(const struct xtcp_sock *xs, const struct try *try, bool enough)
{
	bool user_timed_out = xs->user_timeout_ms &&
			      try->due_ns >= xs->first_retransmit_ns + user_timeout_ns(xs);

	return !try->late && (enough || user_timed_out);
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

/*
 * What was to be sent is here still, for want of room or memory: nothing is known of
 * the path, and the RTO is not doubled. Soon again.
 */
static u64 soon_ns(const struct sock *sk, enum xtcp_timer which)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u64 now = ktime_get_ns();
	u64 retry_ns = ms_to_ns(xtcp_knob(xtcp_sk_net(sk), local_retry_ms));
	u64 since = unanswered_since(xs, which);
	u64 due = now + min(retry_ns, rto_ns(sk));

	return since ? max(by_user_timeout(xs, due, since), now + 1) : due;
}

static void arm_soon(struct sock *sk, enum xtcp_timer which)
{
	arm(sk, which, soon_ns(sk, which));
}

/* What all tries take together: @retries, of which @linear do not double. */
static u64 patience_ns(const struct sock *sk, u32 retries, u32 linear)
{
	u64 sum = 0;
	u32 n;

	for (n = 0; n <= retries; n++)
		sum += xtcp_rtt_rto_ns(&xtcp_sk(sk)->rtt, n > linear ? n - linear : 0,
				       xtcp_sk_knob(sk, rto_max_ms));
	return sum;
}

/* Were there enough? What was kept here does not count, but time does. */
static bool tried_enough(const struct sock *sk, u64 now_ns, u32 retries, u32 linear, bool kept)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return xs->retransmits >= retries ||
	       (kept && now_ns >= xs->first_retransmit_ns + patience_ns(sk, retries, linear));
}

/* The next try: RTO later, but no later than the user's patience. */
static void arm_next(struct sock *sk, enum xtcp_timer which, const struct try *try)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 from = counts_from(try);
	/* The peer needs time to answer, if only now it could. */
	u64 least = try->late ? xtcp_rtt_rto_ns(&xs->rtt, 0, xtcp_sk_knob(sk, rto_max_ms)) : 1;
	u64 due = by_user_timeout(xs, from + rto_ns(sk), xs->first_retransmit_ns);

	arm(sk, which, max(due, from + least));
}

/* --- RETRANSMIT --------------------------------------------------------- */

static void give_up_retrying(struct sock *sk, enum xtcp_counter why)
{
	if (xtcp_sk(sk)->retransmits < 2)
		xtcp_fastopen_silence(sk);
	give_up(sk, why);
}

static bool syn_received(const struct sock *sk)
{
	return xtcp_sk(sk)->tcb.state == XTCP_SYN_RCVD;
}

/* Retries at constant spacing come before, and beside, those that double. */
static u32 linear_timeouts(const struct sock *sk)
{
	const struct xtcp_net *xn = xtcp_sk_net(sk);

	return syn_received(sk) ? xtcp_knob(xn, synack_linear_timeouts) :
				  xtcp_knob(xn, syn_linear_timeouts);
}

static u32 syn_retries(const struct sock *sk)
{
	return linear_timeouts(sk) + (syn_received(sk) ? xtcp_sk_knob(sk, synack_retries) :
							 xtcp_sk_knob(sk, syn_retries));
}

static u8 syn_backoff(const struct sock *sk)
{
	u32 linear = linear_timeouts(sk), retries = xtcp_sk(sk)->retransmits;

	return retries > linear ? min(retries - linear, 63U) : 0;
}

static bool reached_r1(const struct sock *sk)
{
	return xtcp_sk(sk)->retransmits == xtcp_knob(xtcp_sk_net(sk), retries1);
}

/*
 * Nobody answers. Where a hash chooses one of several paths, another one may do
 * (net.core.txrehash). From R1 on (RFC 9293 3.8.3) perhaps the route is dead, or what was
 * learned of it: IP is asked anew, each time, for it may take its time to notice.
 */
static void doubt_route(struct sock *sk)
{
	sk_rethink_txhash(sk);
	if (xtcp_sk(sk)->retransmits < xtcp_knob(xtcp_sk_net(sk), retries1))
		return;
	__dst_negative_advice(sk);
	__sk_dst_reset(sk);
}

/* For TCP_INFO: timeouts, in how many rows, and how long these lasted. */
static void count_timeout(struct xtcp_sock *xs)
{
	if (xs->retransmits == 2)
		xtcp_fastopen_silence((struct sock *)xs);
	xs->stats.rtos++;
	xs->stats.rto_recoveries += !xs->retransmits;
}

u32 xtcp_timers_recovery_ms(const struct xtcp_sock *xs)
{
	bool timed_out = xs->retransmits && xs->first_retransmit_ns;

	return timed_out ? div_u64(ktime_get_ns() - xs->first_retransmit_ns,
					 NSEC_PER_MSEC) : 0;
}

/*
 * Text does not get through, and will be tried until R2 (RFC 9293 SHLD-9): who
 * asked for soft errors is told, as of those that ICMP reports (icmp.c).
 */
static void report_trouble(struct sock *sk)
{
	if (!reached_r1(sk) || sock_flag(sk, SOCK_DEAD) || !xtcp_sk(sk)->af->recverr(sk))
		return;
	WRITE_ONCE(sk->sk_err, ETIMEDOUT);
	sk_error_report(sk);
}

static void retransmit_syn(struct sock *sk, u64 due_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct try try = try_of(due_ns, rto_ns(sk));
	bool syn_ack = syn_received(sk);

	if (given_up(xs, &try, tried_enough(sk, due_ns, syn_retries(sk), linear_timeouts(sk),
					    xs->syn_kept))) {
		give_up_retrying(sk, xtcp_opening(sk) ? XTCP_CNT_SYN_TIMEOUTS :
							XTCP_CNT_ABORT_ON_TIMEOUT);
		return;
	}
	doubt_route(sk);
	xs->stats.retrans++;
	xs->syn_kept = !(syn_ack ? xtcp_output_syn_ack(sk) : xtcp_output_syn(sk));
	if (xs->syn_kept) {
		arm_soon(sk, XTCP_TIMER_RETRANSMIT);
		return;
	}
	count_timeout(xs);
	if (xs->retransmits < U8_MAX)
		xs->retransmits++;
	xs->backoff = syn_backoff(sk);
	xtcp_count(xtcp_sk_net(sk), syn_ack ? XTCP_CNT_SYN_ACK_RETRANS :
					      XTCP_CNT_SYN_RETRANS);
	trace_xtcp_retransmit(sk, &xs->flow, syn_ack ? XTCP_RETRANSMIT_SYN_ACK :
			      XTCP_RETRANSMIT_SYN, xs->tcb.iss, 0, xs->retransmits,
			      rto_ns(sk));
	arm_next(sk, XTCP_TIMER_RETRANSMIT, &try);
}

static u32 text_retries(const struct sock *sk)
{
	return sock_flag(sk, SOCK_DEAD) ? xtcp_knob(xtcp_sk_net(sk), orphan_retries) :
					  xtcp_knob(xtcp_sk_net(sk), retries2);
}

/*
 * The peer took the window back that @head was sent into, and answered when it
 * was sent last: it probes the window, and does not count (RFC 9293 SHLD-17).
 * Unless no one is left on our side to care.
 */
static bool probes_window(const struct sock *sk, const struct sk_buff *head)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return !xs->tcb.snd_wnd && xs->heard_ns > head->skb_mstamp_ns &&
	       !sock_flag(sk, SOCK_DEAD);
}

/*
 * An RTO after @head was sent, where duplicate ACKs had it sent again since the timer was
 * set (RFC 6298 5). Retries in a row are due when they are due.
 */
static bool due_later(struct sock *sk, const struct sk_buff *head, const struct try *try)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u64 due = head->skb_mstamp_ns + rto_ns(sk);

	if (try->late || xs->retransmits || XTCP_SKB_CB(head)->kept || due <= try->due_ns)
		return false;
	arm(sk, XTCP_TIMER_RETRANSMIT, by_user_timeout(xs, due, xs->first_retransmit_ns));
	return true;
}

static bool text_given_up(struct sock *sk, const struct sk_buff *head, const struct try *try)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	bool probe = xs->retransmits && probes_window(sk, head);

	if (probe)
		xs->retransmits = 1;
	return given_up(xs, try, !probe && tried_enough(sk, try->due_ns, text_retries(sk), 0,
							XTCP_SKB_CB(head)->kept));
}

static void count_text_timeout(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_RTO_TIMEOUTS);
	count_timeout(xs);
	report_trouble(sk);
	if (xs->retransmits < U8_MAX)
		xs->retransmits++;
	xs->backoff = min(xs->backoff + 1, 63);
}

static void retransmit_text(struct sock *sk, u64 due_ns)
{
	struct sk_buff *head = skb_peek(&xtcp_sk(sk)->snd.rtx_queue);
	struct try try = try_of(due_ns, rto_ns(sk));
	bool timed_out;

	if (!head)
		return;
	if (text_given_up(sk, head, &try)) {
		give_up_retrying(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		return;
	}
	if (due_later(sk, head, &try))
		return;
	timed_out = !xtcp_recovery_retry(sk);
	if (timed_out) {
		doubt_route(sk);
		xtcp_recovery_timeout(sk);
	}
	if (XTCP_SKB_CB(head)->kept) {
		arm_soon(sk, XTCP_TIMER_RETRANSMIT);
		return;
	}
	if (timed_out)
		count_text_timeout(sk);
	arm_next(sk, XTCP_TIMER_RETRANSMIT, &try);
}

static void retransmit_due(struct sock *sk, u64 due_ns)
{
	if ((1 << xtcp_sk(sk)->tcb.state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
		retransmit_syn(sk, due_ns);
	else
		retransmit_text(sk, due_ns);
}

/* --- PERSIST ------------------------------------------------------------ */

static void count_probe(struct xtcp_sock *xs)
{
	if (xs->probes < U8_MAX)
		xs->probes++;
}

static void persist_due(struct sock *sk, u64 due_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct try try = try_of(due_ns, rto_ns(sk));
	bool orphan = sock_flag(sk, SOCK_DEAD);

	if (skb_queue_empty(&sk->sk_write_queue) || xs->tcb.snd_nxt != xs->tcb.snd_una)
		return;
	if (!xs->first_retransmit_ns)
		xs->first_retransmit_ns = due_ns;
	/*
	 * A peer that answers may keep its window shut for ever (RFC 9293
	 * MUST-37), unless no one is left on our side to care.
	 */
	if (given_up(xs, &try, xs->probes >= text_retries(sk) ||
		     (orphan && xs->backoff >= text_retries(sk)))) {
		give_up(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		return;
	}
	if (xtcp_push_override(sk))
		return;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_WINDOW_PROBES);
	if (!xtcp_output_probe(sk)) {
		arm_soon(sk, XTCP_TIMER_PERSIST);
		return;
	}
	count_probe(xs);
	xs->backoff = min(xs->backoff + 1, 63);
	arm_next(sk, XTCP_TIMER_PERSIST, &try);
}

/* --- DELACK, KEEPALIVE, FIN_WAIT_2 -------------------------------------- */

static void delack_due(struct sock *sk, u64 due_ns)
{
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_DELAYED_ACKS);
	xtcp_output_ack(sk);
}

static u64 keepidle_ns(const struct xtcp_sock *xs)
{
	struct xtcp_net *xn = xtcp_sk_net((const struct sock *)xs);

	return ms_to_ns(xs->keepidle_ms ?: xtcp_knob(xn, keepalive_time_ms));
}

/* TCP_USER_TIMEOUT takes the place of the count (RFC 5482). */
static bool keepalive_failed(const struct xtcp_sock *xs, u64 now_ns)
{
	struct xtcp_net *xn = xtcp_sk_net((const struct sock *)xs);

	if (xs->user_timeout_ms)
		return xs->probes && now_ns >= xs->heard_ns + ms_to_ns(xs->user_timeout_ms);
	return xs->probes >= (xs->keepcnt ?: xtcp_knob(xn, keepalive_probes));
}

static u64 keepintvl_ns(const struct xtcp_sock *xs)
{
	struct xtcp_net *xn = xtcp_sk_net((const struct sock *)xs);

	return ms_to_ns(xs->keepintvl_ms ?: xtcp_knob(xn, keepalive_intvl_ms));
}

/* When the first probe goes, if nothing comes until then. */
static u64 idle_end_ns(const struct xtcp_sock *xs)
{
	return xs->heard_ns + keepidle_ns(xs);
}

/* The next probe, an interval later, or the end of the user's patience, if that is to come. */
static void arm_next_probe(struct sock *sk, const struct try *try)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 from = counts_from(try);
	u64 due = from + keepintvl_ns(xs);
	u64 end = by_user_timeout(xs, due, xs->heard_ns);

	arm(sk, XTCP_TIMER_KEEPALIVE, end > from ? max(end, min(due, from + rto_ns(sk))) : due);
}

static void keepalive_due(struct sock *sk, u64 due_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct try try = try_of(due_ns, keepintvl_ns(xs));

	if (xs->tcb.snd_nxt != xs->tcb.snd_una ||
	    !skb_queue_empty(&sk->sk_write_queue)) {
		/* Text on its way asks the same question. */
		arm(sk, XTCP_TIMER_KEEPALIVE, counts_from(&try) + keepidle_ns(xs));
		return;
	}
	if (!xs->probes && idle_end_ns(xs) > due_ns) {
		arm(sk, XTCP_TIMER_KEEPALIVE, idle_end_ns(xs));
		return;
	}
	if (!try.late && keepalive_failed(xs, due_ns)) {
		xtcp_output_rst(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		give_up(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		return;
	}
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_KEEPALIVE_PROBES);
	if (!xtcp_output_probe(sk)) {
		arm_soon(sk, XTCP_TIMER_KEEPALIVE);
		return;
	}
	count_probe(xs);
	arm_next_probe(sk, &try);
}

static void fin_wait_2_due(struct sock *sk, u64 due_ns)
{
	xtcp_done(sk);
}

static void (*const handlers[XTCP_TIMERS])(struct sock *sk, u64 due_ns) = {
	[XTCP_TIMER_RETRANSMIT]	= retransmit_due,
	[XTCP_TIMER_PERSIST]	= persist_due,
	[XTCP_TIMER_DELACK]	= delack_due,
	[XTCP_TIMER_KEEPALIVE]	= keepalive_due,
	[XTCP_TIMER_FIN_WAIT_2]	= fin_wait_2_due,
};

static void run_due(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 due, now = ktime_get_ns();
	int i;

	for (i = 0; i < XTCP_TIMERS; i++) {
		due = xs->due_ns[i];
		if (!due || due > now)
			continue;
		xs->due_ns[i] = 0;
		handlers[i](sk, due);
	}
}

/* From the callback. Returns whether the hrtimer needs its reference still. */
static bool run_and_set(struct xtcp_sock *xs)
{
	u64 due;

	xs->timer_running = true;
	run_due((struct sock *)xs);
	xs->timer_running = false;
	due = earliest(xs);
	if (due)
		hrtimer_start(&xs->timer, ns_to_ktime(due), HRTIMER_MODE_ABS_SOFT);
	/* Set meanwhile for what is no longer due? Then it fires once more. */
	xs->timer_armed = hrtimer_is_queued(&xs->timer);
	return xs->timer_armed;
}

/*
 * The timer is the socket's, whichever connection armed it: what is due, due_ns[] says
 * under the lock, and that is of the connection now.
 */
static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct xtcp_sock *xs = container_of(timer, struct xtcp_sock, timer);
	struct sock *sk = (struct sock *)xs;
	bool armed = true;

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk))
		xs->timer_deferred = true;
	else
		armed = run_and_set(xs);
	bh_unlock_sock(sk);
	if (!armed)
		sock_put(sk);
	return HRTIMER_NORESTART;
}

/* Nothing is due any more. False: a callback is under way. */
static bool let_go(struct xtcp_sock *xs)
{
	if (!xs->timer_armed)
		return true;
	if (hrtimer_try_to_cancel(&xs->timer) < 0)
		return false;
	xs->timer_armed = false;
	__sock_put((struct sock *)xs);
	return true;
}

void xtcp_timers_run_deferred(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 due;

	xs->timer_deferred = false;
	run_due(sk);
	due = earliest(xs);
	if (due)
		set_hrtimer(xs, due);
	else if (!let_go(xs))
		/* The one that deferred is just returning: have it come again. */
		hrtimer_start(&xs->timer, ktime_get(), HRTIMER_MODE_ABS_SOFT);
}

/* --- what happened ------------------------------------------------------ */

void xtcp_timers_init(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	memset(xs->due_ns, 0, sizeof(xs->due_ns));
	xs->timer_armed = false;
	xs->timer_running = false;
	xs->timer_deferred = false;
	hrtimer_setup(&xs->timer, timer_fired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
}

/* From now on (RFC 6298 5.1, 5.3), unless the user is less patient. */
static void wait_for_ack(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	const struct sk_buff *head = skb_peek(&xs->snd.rtx_queue);
	u64 now = ktime_get_ns();

	xs->first_retransmit_ns = now;
	if (head && XTCP_SKB_CB(head)->kept)
		arm_soon(sk, XTCP_TIMER_RETRANSMIT);
	else
		arm(sk, XTCP_TIMER_RETRANSMIT, by_user_timeout(xs, now + rto_ns(sk), now));
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
	disarm(sk, XTCP_TIMER_PERSIST);
	if (!xtcp_sk(sk)->due_ns[XTCP_TIMER_RETRANSMIT])
		wait_for_ack(sk);
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
		arm(sk, XTCP_TIMER_PERSIST, ktime_get_ns() + rto_ns(sk));
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

void xtcp_timers_ack_owed(struct sock *sk)
{
	u32 delack_ms = xtcp_knob(xtcp_sk_net(sk), delack_ms);
	u32 rto_min_ms = xtcp_route_rto_min_ms(sk);

	/* The peer's RTO may be as short. */
	if (rto_min_ms)
		delack_ms = min(delack_ms, max(rto_min_ms, 2U) - 1);
	arm_by(sk, XTCP_TIMER_DELACK, ktime_get_ns() + ms_to_ns(delack_ms));
}

/*
 * Not after delack_ms, which may be none at all: the timer would fire again and again,
 * with no one running who could free memory.
 */
void xtcp_timers_ack_kept(struct sock *sk)
{
	arm_by(sk, XTCP_TIMER_DELACK, soon_ns(sk, XTCP_TIMER_DELACK));
}

void xtcp_timers_ack_sent(struct sock *sk)
{
	disarm(sk, XTCP_TIMER_DELACK);
}

void xtcp_timers_heard(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->heard_ns = ktime_get_ns();
	xs->probes = 0;
}

void xtcp_timers_keepalive_set(struct sock *sk, bool on)
{
	if ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT))
		return;
	if (!on)
		disarm(sk, XTCP_TIMER_KEEPALIVE);
	else if (!xtcp_sk(sk)->due_ns[XTCP_TIMER_KEEPALIVE])
		arm(sk, XTCP_TIMER_KEEPALIVE, ktime_get_ns() + keepidle_ns(xtcp_sk(sk)));
}

void xtcp_timers_keepidle_set(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	/*
	 * Idle is since the last segment, however often it is asked for. Probes under
	 * way go on: they have an interval of their own.
	 */
	if (xs->due_ns[XTCP_TIMER_KEEPALIVE] && !xs->probes)
		arm(sk, XTCP_TIMER_KEEPALIVE, max(ktime_get_ns(), idle_end_ns(xs)));
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
		due = by_user_timeout(xs, xs->due_ns[i], since);
		arm(sk, i, min(xs->due_ns[i], max(due, now)));
	}
}

void xtcp_timers_fin_wait_2(struct sock *sk, u64 delay_ns)
{
	arm(sk, XTCP_TIMER_FIN_WAIT_2, ktime_get_ns() + delay_ns);
}

void xtcp_timers_stop(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	memset(xs->due_ns, 0, sizeof(xs->due_ns));
	/* A callback under way finds nothing due, here or in release_cb. */
	if (!xs->timer_running)
		let_go(xs);
}

u64 xtcp_timers_rto_ns(const struct sock *sk)
{
	return rto_ns(sk);
}

u64 xtcp_timers_left_ns(const struct xtcp_sock *xs, enum xtcp_timer which)
{
	u64 due = READ_ONCE(xs->due_ns[which]), now = ktime_get_ns();

	return due > now ? due - now : 0;
}
