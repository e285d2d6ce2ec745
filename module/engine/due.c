// SPDX-License-Identifier: GPL-2.0
/*
 * What a timer does that came due: timers.c says which there are, and what arms them.
 *
 * Due times of what is tried again count from the last due time, not from when we
 * came to run, so that retries do not drift. But where we are late by more than half
 * an interval, the machine stood still, and no one could answer: then nothing is
 * given up, and the next interval counts from now.
 *
 * Everything here runs under the socket lock. Where the hrtimer's callback meets a user
 * who owns the socket it touches nothing but timer_deferred, and the reference passes
 * to release_cb.
 */

#include <xtcp/af.h>
#include <xtcp/compat.h>
#include <xtcp/due.h>
#include <xtcp/end.h>
#include <xtcp/output.h>
#include <xtcp/push.h>
#include <xtcp/recovery.h>
#include <xtcp/route.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>
#include <xtcp/trace.h>

static void give_up(struct sock *sk, enum xtcp_counter why)
{
	xtcp_count(xtcp_sk_net(sk), why);
	xtcp_fail(sk, READ_ONCE(sk->sk_err_soft) ?: ETIMEDOUT);
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
	u64 timeout_ns = xtcp_ms_to_ns(xs->own->user_timeout_ms);
	bool user_timed_out = timeout_ns &&
			      try->due_ns >= xs->first_retransmit_ns + timeout_ns;

	return !try->late && (enough || user_timed_out);
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

/* Were there enough? What is kept here has a try to come, but time ends that. */
static bool tried_enough(const struct sock *sk, u64 now_ns, u32 retries, u32 linear, bool kept)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (kept)
		return now_ns >= xs->first_retransmit_ns + patience_ns(sk, retries, linear);
	return xs->retransmits >= retries;
}

/* The next try: RTO later, but no later than the user's patience. */
static void arm_next(struct sock *sk, enum xtcp_timer which, const struct try *try)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 from = counts_from(try);
	/* The peer needs time to answer, if only now it could. */
	u64 least = try->late ? xtcp_rtt_rto_ns(&xs->rtt, 0, xtcp_sk_knob(sk, rto_max_ms)) : 1;
	u64 due = xtcp_timers_by_user_timeout(xs, from + xtcp_timers_rto_ns(sk),
					      xs->first_retransmit_ns);

	xtcp_timers_arm(sk, which, max(due, from + least));
}

/* --- RETRANSMIT ------------------------------------------------------------ */

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
 * (net.core.txrehash, xtcp_rehash()). From R1 on (RFC 9293 3.8.3) perhaps the route is dead, or what was
 * learned of it: IP is asked anew, each time, for it may take its time to notice.
 */
static void doubt_route(struct sock *sk)
{
	/* In this order: another hash may take the route away that the advice is about. */
	if (xtcp_sk(sk)->retransmits >= xtcp_knob(xtcp_sk_net(sk), retries1)) {
		__dst_negative_advice(sk);
		__sk_dst_reset(sk);
	}
	xtcp_rehash(sk);
}

/* For TCP_INFO: timeouts, in how many rows, and how long these lasted. */
static void count_timeout(struct xtcp_sock *xs)
{
	if (xs->retransmits == 2)
		xtcp_fastopen_silence((struct sock *)xs);
	xs->stats.rtos++;
	xs->stats.rto_recoveries += !xs->retransmits;
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
	struct try try = try_of(due_ns, xtcp_timers_rto_ns(sk));
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
		xtcp_timers_arm_soon(sk, XTCP_TIMER_RETRANSMIT);
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
			      xtcp_timers_rto_ns(sk));
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
	u64 due = head->skb_mstamp_ns + xtcp_timers_rto_ns(sk);

	if (try->late || xs->retransmits || XTCP_SKB_CB(head)->kept || due <= try->due_ns)
		return false;
	xtcp_timers_arm(sk, XTCP_TIMER_RETRANSMIT,
			xtcp_timers_by_user_timeout(xs, due, xs->first_retransmit_ns));
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
	struct sk_buff *head = xtcp_queue_oldest(sk);
	struct try try = try_of(due_ns, xtcp_timers_rto_ns(sk));
	bool left;

	if (!head)
		return;
	if (text_given_up(sk, head, &try)) {
		give_up_retrying(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		return;
	}
	if (due_later(sk, head, &try))
		return;
	left = !XTCP_SKB_CB(head)->kept && !skb_fclone_busy(sk, head);
	if (!xtcp_recovery_retry(sk)) {
		doubt_route(sk);
		xtcp_recovery_timeout(sk);
	}
	/* What had not left this machine, the last time, did not time out. */
	if (left)
		count_text_timeout(sk);
	if (XTCP_SKB_CB(head)->kept)
		xtcp_timers_arm_soon(sk, XTCP_TIMER_RETRANSMIT);
	else
		arm_next(sk, XTCP_TIMER_RETRANSMIT, &try);
}

static void retransmit_due(struct sock *sk, u64 due_ns)
{
	if ((1 << xtcp_sk(sk)->tcb.state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
		retransmit_syn(sk, due_ns);
	else
		retransmit_text(sk, due_ns);
}

/* --- PERSIST --------------------------------------------------------------- */

static void count_probe(struct xtcp_sock *xs)
{
	if (xs->probes < U8_MAX)
		xs->probes++;
}

/*
 * A peer that answers may keep its window shut for ever (RFC 9293 MUST-37), unless no one
 * is left on our side to care. What was kept here does not count, but time does.
 */
static bool probed_enough(const struct sock *sk, u64 now_ns)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	bool orphan = sock_flag(sk, SOCK_DEAD);
	u32 retries = text_retries(sk);
	u64 since = orphan ? xs->first_retransmit_ns :
			     max(xs->first_retransmit_ns, xs->heard_ns);

	return xs->probes >= retries || (orphan && xs->backoff >= retries) ||
	       (xs->probe_kept && now_ns >= since + patience_ns(sk, retries, 0));
}

static void persist_due(struct sock *sk, u64 due_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct try try = try_of(due_ns, xtcp_timers_rto_ns(sk));

	if (!xtcp_queue_unsent(sk) || xs->tcb.snd_nxt != xs->tcb.snd_una)
		return;
	if (!xs->first_retransmit_ns)
		xs->first_retransmit_ns = due_ns;
	if (given_up(xs, &try, probed_enough(sk, due_ns))) {
		give_up(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		return;
	}
	if (xtcp_push_override(sk))
		return;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_WINDOW_PROBES);
	xs->probe_kept = !xtcp_output_probe(sk);
	if (xs->probe_kept) {
		xtcp_timers_arm_soon(sk, XTCP_TIMER_PERSIST);
		return;
	}
	count_probe(xs);
	xs->backoff = min(xs->backoff + 1, 63);
	arm_next(sk, XTCP_TIMER_PERSIST, &try);
}

/* --- DELACK, KEEPALIVE, FIN_WAIT_2 ----------------------------------------- */

static void delack_due(struct sock *sk, u64 due_ns)
{
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_DELAYED_ACKS);
	xtcp_output_ack(sk);
}

/* TCP_USER_TIMEOUT takes the place of the count (RFC 5482). */
static bool keepalive_failed(const struct xtcp_sock *xs, u64 now_ns)
{
	struct xtcp_net *xn = xtcp_sk_net((const struct sock *)xs);

	if (xs->own->user_timeout_ms)
		return xs->probes && now_ns >= xs->heard_ns + xtcp_ms_to_ns(xs->own->user_timeout_ms);
	return xs->probes >= (xs->own->keepcnt ?: xtcp_knob(xn, keepalive_probes));
}

static u64 keepintvl_ns(const struct xtcp_sock *xs)
{
	struct xtcp_net *xn = xtcp_sk_net((const struct sock *)xs);

	return xtcp_ms_to_ns(xs->own->keepintvl_ms ?: xtcp_knob(xn, keepalive_intvl_ms));
}

/* The next probe, an interval later, or the end of the user's patience, if that is to come. */
static void arm_next_probe(struct sock *sk, const struct try *try)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 from = counts_from(try);
	u64 due = from + keepintvl_ns(xs);
	u64 end = xtcp_timers_by_user_timeout(xs, due, xs->heard_ns);

	if (end > from)
		due = max(end, min(due, from + xtcp_timers_rto_ns(sk)));
	xtcp_timers_arm(sk, XTCP_TIMER_KEEPALIVE, due);
}

static void keepalive_due(struct sock *sk, u64 due_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct try try = try_of(due_ns, keepintvl_ns(xs));

	if (xs->tcb.snd_nxt != xs->tcb.snd_una || xtcp_queue_unsent(sk)) {
		/* Text on its way asks the same question. */
		xtcp_timers_arm(sk, XTCP_TIMER_KEEPALIVE,
				counts_from(&try) + xtcp_timers_keepidle_ns(xs));
		return;
	}
	if (!xs->probes && xtcp_timers_idle_end_ns(xs) > due_ns) {
		xtcp_timers_arm(sk, XTCP_TIMER_KEEPALIVE, xtcp_timers_idle_end_ns(xs));
		return;
	}
	if (!try.late && keepalive_failed(xs, due_ns)) {
		xtcp_output_rst(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		give_up(sk, XTCP_CNT_ABORT_ON_TIMEOUT);
		return;
	}
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_KEEPALIVE_PROBES);
	if (!xtcp_output_probe(sk)) {
		xtcp_timers_arm_soon(sk, XTCP_TIMER_KEEPALIVE);
		return;
	}
	count_probe(xs);
	arm_next_probe(sk, &try);
}

static void fin_wait_2_due(struct sock *sk, u64 due_ns)
{
	xtcp_done(sk);
}

/* --- the hrtimer ----------------------------------------------------------- */

static void (*const handlers[XTCP_TIMERS])(struct sock *sk, u64 due_ns) = {
	[XTCP_TIMER_RETRANSMIT]	= retransmit_due,
	[XTCP_TIMER_PERSIST]	= persist_due,
	[XTCP_TIMER_DELACK]	= delack_due,
	[XTCP_TIMER_KEEPALIVE]	= keepalive_due,
	[XTCP_TIMER_FIN_WAIT_2]	= fin_wait_2_due,
};

static bool is_due(enum xtcp_timer which, u64 due_ns, u64 now)
{
	return due_ns && due_ns <= now + (which == XTCP_TIMER_DELACK ? XTCP_TIMERS_EARLY_NS : 0);
}

static void run_due(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 due, now = ktime_get_ns();
	int i;

	for (i = 0; i < XTCP_TIMERS; i++) {
		due = xs->due_ns[i];
		if (!is_due(i, due, now))
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
	due = xtcp_timers_earliest(xs);
	if (due)
		xtcp_timers_set(xs, due);
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

void xtcp_due_deferred(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 due;

	xs->timer_deferred = false;
	run_due(sk);
	due = xtcp_timers_earliest(xs);
	if (due)
		xtcp_timers_set(xs, due);
	else if (!xtcp_timers_let_go(xs))
		/* The one that deferred is just returning: have it come again. */
		hrtimer_start(&xs->timer, ktime_get(), HRTIMER_MODE_ABS_SOFT);
}

/*
 * Something was due soon when this was set: mostly it is no more. What is already due
 * goes by the hrtimer all the same: after a standstill the wheel of timers is behind, and
 * what is set from here would be late. Its reference is its own (sk_reset_timer()).
 */
static void look_ahead(struct timer_list *timer)
{
	struct sock *sk = container_of(timer, struct sock, sk_timer);
	struct xtcp_sock *xs = xtcp_sk(sk);

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk))
		xs->timer_deferred = true;
	else if (xtcp_timers_earliest(xs))
		xtcp_timers_set(xs, xtcp_timers_earliest(xs));
	bh_unlock_sock(sk);
	sock_put(sk);
}

void xtcp_due_init(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	memset(xs->due_ns, 0, sizeof(xs->due_ns));
	xs->timer_armed = false;
	xs->timer_running = false;
	xs->timer_deferred = false;
	hrtimer_setup(&xs->timer, timer_fired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	timer_setup(&sk->sk_timer, look_ahead, 0);
}
