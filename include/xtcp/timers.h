/* SPDX-License-Identifier: GPL-2.0 */
/* What happened, told to engine/timers.c, which alone decides what is armed. Socket lock. */
#ifndef _XTCP_TIMERS_H
#define _XTCP_TIMERS_H

#include <linux/time64.h>
#include <linux/types.h>

struct sock;
struct xtcp_sock;

enum xtcp_timer {
	XTCP_TIMER_RETRANSMIT,	/* SYN, SYN-ACK, text or FIN unacknowledged */
	XTCP_TIMER_PERSIST,	/* the window is shut on something to send */
	XTCP_TIMER_DELACK,	/* an ACK is owed */
	XTCP_TIMER_KEEPALIVE,	/* nothing heard for long */
	XTCP_TIMER_FIN_WAIT_2,	/* orphan waits for the peer's FIN */
	XTCP_TIMERS,
};

static inline u64 xtcp_ms_to_ns(u32 ms)
{
	return (u64)ms * NSEC_PER_MSEC;
}

/* A delayed ACK may go so much earlier, along with others. */
#define XTCP_TIMERS_EARLY_NS	(NSEC_PER_MSEC / 2)

/* A SYN or SYN-ACK went out for the first time. */
void xtcp_timers_syn_sent(struct sock *sk);
/* Text or FIN went out. */
void xtcp_timers_sent(struct sock *sk);
/* This machine refused what has to be sent again. */
void xtcp_timers_kept(struct sock *sk);
/* snd_una advanced; what is left is guarded anew (RFC 6298 5.2, 5.3). */
void xtcp_timers_acked(struct sock *sk);
/* A round trip was measured: the RTO is doubled no longer (RFC 6298 5). */
void xtcp_timers_measured(struct sock *sk);
/* The handshake is complete. */
void xtcp_timers_established(struct sock *sk);
/* The window keeps the head of the send queue back, or no longer does. */
void xtcp_timers_window_shut(struct sock *sk);
void xtcp_timers_window_open(struct sock *sk);
/* An ACK is owed within delack_ms, or @soon; this machine refused to send one; one went out. */
void xtcp_timers_ack_owed(struct sock *sk, u64 now_ns, bool soon);
void xtcp_timers_ack_kept(struct sock *sk);
void xtcp_timers_ack_sent(struct sock *sk);
/* A segment came from the peer. */
void xtcp_timers_heard(struct sock *sk, u64 now_ns);
/* SO_KEEPALIVE was set or cleared. */
void xtcp_timers_keepalive_set(struct sock *sk, bool on);
/* TCP_KEEPIDLE, TCP_USER_TIMEOUT have a new value. */
void xtcp_timers_keepidle_set(struct sock *sk);
void xtcp_timers_user_timeout_set(struct sock *sk);
/* Nobody owns the socket any more, and it is in FIN_WAIT_2. */
void xtcp_timers_fin_wait_2(struct sock *sk, u64 delay_ns);
/* The connection is over. */
void xtcp_timers_stop(struct sock *sk);

/* The retransmission timeout, backed off as it is now (RFC 6298 5.5). */
u64 xtcp_timers_rto_ns(const struct sock *sk);
/* How long what timed out has been without an answer; 0 if nothing did. */
u32 xtcp_timers_recovery_ms(const struct xtcp_sock *xs);
/* Nanoseconds until @which is due, 0 if not armed: for /proc and TCP_INFO. */
u64 xtcp_timers_left_ns(const struct xtcp_sock *xs, enum xtcp_timer which);

/* For engine/due.c, which carries out what came due and arms what follows from it. */

void xtcp_timers_arm(struct sock *sk, enum xtcp_timer which, u64 due_ns);
/*
 * What was to be sent is here still, for want of room or memory: nothing is known of
 * the path, and the RTO is not doubled. Soon again.
 */
void xtcp_timers_arm_soon(struct sock *sk, enum xtcp_timer which);
/* No later than the user's patience lasts (RFC 5482) with what waits since @since_ns. */
u64 xtcp_timers_by_user_timeout(const struct xtcp_sock *xs, u64 due_ns, u64 since_ns);
u64 xtcp_timers_keepidle_ns(const struct xtcp_sock *xs);
/* When the first keepalive probe goes, if nothing comes until then. */
u64 xtcp_timers_idle_end_ns(const struct xtcp_sock *xs);
/* The first due time; 0: nothing is armed. */
u64 xtcp_timers_earliest(const struct xtcp_sock *xs);
/* Fire at @due_ns or before. The callback sets its timer itself, at its end. */
void xtcp_timers_set(struct xtcp_sock *xs, u64 due_ns);
/* Nothing is due any more. False: a callback is under way. */
bool xtcp_timers_let_go(struct xtcp_sock *xs);

#endif
