/* SPDX-License-Identifier: GPL-2.0 */
/* The socket: everything of a connection that outlives a segment. */
#ifndef _XTCP_SOCK_H
#define _XTCP_SOCK_H

#include <linux/hrtimer.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <xtcp/compat.h>
#include <xtcp/cong.h>
#include <xtcp/flow.h>
#include <xtcp/net.h>
#include <xtcp/own.h>
#include <xtcp/queue.h>
#include <xtcp/receive.h>
#include <xtcp/rtt.h>
#include <xtcp/stats.h>
#include <xtcp/tcb.h>
#include <xtcp/timers.h>

struct xtcp_af_ops;
struct xtcp_listener;
struct xtcp_port;
struct xtcp_port_group;

/*
 * All under the socket lock, but for what says otherwise; what is read at a glance
 * without it is written by WRITE_ONCE(). Whose it is: who else writes it asks there.
 */
struct xtcp_sock {
	union {
		struct inet_sock inet;	/* first: struct sock * is struct xtcp_sock * */
		struct {
			u8 of_inet[offsetof(struct inet_sock, cork.base)];

			/*
			 * Seldom looked at, so in the place of what a datagram is collected
			 * in, piece by piece (ip_append_data()): a stream socket has none.
			 * table/port.c, under the lock of the port's bucket:
			 */
			struct xtcp_port *port;
			struct xtcp_port_group *port_group;	/* where it stands there */
			bool port_explicit;	/* by bind(), its own or the listener's */
			/* Others: */
			bool orphan;		/* counted in xtcp_net.orphans; socket/close.c */
			u8 time_wait_queue;	/* of its own msl_ms (timewait.h); 0: the knob's */
			u16 answered;		/* invalid segments: xtcp_limit_answer() */
			u32 state_since;	/* when it entered its state, jiffies; state.c */
			u32 route_clamp;	/* ip-route(8) window when it was opened; 0: none */
			u64 heard_ns;		/* last segment from the peer */
			u64 first_retransmit_ns; /* since when nothing was acknowledged */
			u32 ts_offset;		/* added to our timestamps; open/ */
			u32 pmtu_deferred;	/* spinlock: ICMP said so while the user owned us */
		};
	};

	/* What segments and calls touch, from here to the end. engine/timers.c and due.c: */
	u8 retransmits;			/* in a row without an answer */
	u8 backoff;			/* RTO << backoff */
	u8 probes;			/* window or keepalive probes unanswered */
	bool syn_kept;			/* not sent, the last time: this machine refused it */
	bool probe_kept;		/* the same of a window probe */
	bool timer_armed;		/* the hrtimer has a reference to us */
	bool timer_running;		/* its callback has the socket lock */
	bool timer_deferred;		/* spinlock: came due while the user owned us */
	const struct xtcp_af_ops *af;
	struct xtcp_net *xn;		/* of its namespace */
	const struct xtcp_own *own;	/* what the user set; xtcp_own_none: nothing */

	/* engine/: what a segment does to it */
	struct xtcp_tcb tcb;		/* segment/arrives.c and those who send */
	struct xtcp_send snd;
	struct xtcp_cong cong;
	struct xtcp_rtt rtt;
	struct hrtimer timer;		/* for the earliest of: */
	u64 due_ns[XTCP_TIMERS];	/* 0: not armed */
	u64 coarse_by_ns;		/* while sk_timer is pending: it fires before then */
	struct xtcp_sock *batch_next;	/* engine/batch.c: atomic; NULL: not in a CPU's list */
	struct xtcp_stats stats;
	struct xtcp_receive rcv;

	/*
	 * Who it is: open/, before it enters the flow table; then only read. At the end:
	 * addresses of IPv6 follow.
	 */
	struct xtcp_flow flow;
};

static_assert(offsetofend(struct xtcp_sock, pmtu_deferred) <=
	      offsetofend(struct inet_sock, cork.base));

#if IS_ENABLED(CONFIG_IPV6)
/* An AF_INET6 socket. */
struct xtcp6_sock {
	struct xtcp_sock xtcp;
	struct xtcp_addrs6 addrs6;	/* of xtcp.flow */
	struct ipv6_pinfo inet6;	/* last: kernels before 6.6 look for it there */
};
#endif

static inline struct xtcp_sock *xtcp_sk(const struct sock *sk)
{
	return (struct xtcp_sock *)sk;
}

static inline struct sock *xtcp_flow_sk(struct xtcp_flow *flow)
{
	return (struct sock *)container_of(flow, struct xtcp_sock, flow);
}

static inline struct xtcp_net *xtcp_sk_net(const struct sock *sk)
{
	return xtcp_sk(sk)->xn;
}

/* What a segment to @sk carries. */
static inline struct xtcp_flow_key xtcp_sk_key(const struct sock *sk)
{
	const struct xtcp_flow *flow = &xtcp_sk(sk)->flow;

	return (struct xtcp_flow_key){
		.net		= sock_net(sk),
		.addrs		= xtcp_flow_addrs(flow),
		.local_port	= flow->local_port,
		.remote_port	= flow->remote_port,
		.dif		= flow->bound_dev_if,
		.family		= flow->family,
		.protocol	= flow->protocol,
	};
}

/* Its listener, while @sk is in LISTEN. Socket lock. */
static inline struct xtcp_listener *xtcp_sk_listener(const struct sock *sk)
{
	return rcu_dereference_protected(xtcp_sk(sk)->own->listener, lockdep_sock_is_held(sk));
}

/* What holds for @sk: its own value, or the knob. xtcp_sk_knob(sk, msl_ms) */
#define xtcp_sk_knob(sk, name) ({					\
	const struct sock *sk_ = (sk);					\
	const struct xtcp_own *of_ = READ_ONCE(xtcp_sk(sk_)->own);	\
	u32 own_ = READ_ONCE(of_->knobs.name);				\
									\
	own_ != XTCP_OWN_UNSET ? own_ : xtcp_knob(xtcp_sk_net(sk_), name); })

/* Our SYN is out, and connect() without an answer; never so for a child. */
static inline bool xtcp_opening(const struct sock *sk)
{
	return xtcp_sk(sk)->tcb.state == XTCP_SYN_SENT ||
	       (xtcp_sk(sk)->tcb.state == XTCP_SYN_RCVD && !xtcp_sk(sk)->tcb.passive);
}

/* A child that its SYN opened (Fast Open): the user has it, the handshake goes on. */
static inline bool xtcp_early(const struct sock *sk)
{
	return xtcp_sk(sk)->own->fastopen.early_of;
}

/* The clock of RTT and PAWS. */
static inline u64 xtcp_us_at(u64 now_ns)
{
	return div_u64(now_ns, NSEC_PER_USEC);
}

static inline u64 xtcp_now_us(void)
{
	return xtcp_us_at(ktime_get_ns());
}

/* Our timestamp clock ticks in milliseconds (RFC 7323 5.4). */
static inline u32 xtcp_ts_at(u64 now_ns, u32 offset)
{
	return (u32)div_u64(now_ns, NSEC_PER_MSEC) + offset;
}

static inline u32 xtcp_ts_now(u32 offset)
{
	return xtcp_ts_at(ktime_get_ns(), offset);
}

#endif
