/* SPDX-License-Identifier: GPL-2.0 */
/* The socket: everything of a connection that outlives a segment. */
#ifndef _XTCP_SOCK_H
#define _XTCP_SOCK_H

#include <linux/hrtimer.h>
#include <linux/rbtree.h>
#include <linux/skbuff.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <xtcp/compat.h>
#include <xtcp/cong.h>
#include <xtcp/fastopen.h>
#include <xtcp/flow.h>
#include <xtcp/net.h>
#include <xtcp/rtt.h>
#include <xtcp/tcb.h>
#include <xtcp/timers.h>

struct xtcp_af_ops;
struct xtcp_listener;
struct xtcp_port;
struct xtcp_port_group;
struct xtcp_reservation;
struct xtcp_saved_syn;

/* What we know of an skb of ours, in skb->cb: both directions. */
struct xtcp_skb_cb {
	union {				/* the IP layer's, on the way in */
		struct inet_skb_parm h4;
#if IS_ENABLED(CONFIG_IPV6)
		struct inet6_skb_parm h6;
#endif
	} header;
	u32 seq;
	u32 end_seq;			/* SYN and FIN count */
	u8 ctl;				/* enum xtcp_control */
	u8 retransmits;			/* sent that often again */
	bool kept;			/* not sent, the last time: this machine refused it */
	bool cut;			/* a filter took the end of its text away */
};

#define XTCP_SKB_CB(skb) ((struct xtcp_skb_cb *)&((skb)->cb[0]))

/* What holds a sender back: who has text queued or on its way. */
enum xtcp_limit {
	XTCP_LIMIT_IDLE,		/* nothing: there is no text */
	XTCP_LIMIT_BUSY,		/* the network, Nagle */
	XTCP_LIMIT_RWND,		/* the peer's window */
	XTCP_LIMIT_SNDBUF,		/* our own buffer */
	XTCP_LIMITS,
};

/* Sending (engine/output.c). */
struct xtcp_send {
	struct sk_buff_head rtx_queue;	/* sent, not acknowledged; socket lock */
	u32 write_seq;			/* next octet the user will write */
	u32 small_seq;			/* end of the last segment below MSS */
	/*
	 * Octets of text a segment may carry now (xtcp_mss_sync()). From pmtu,
	 * mss_clamp, tcb.snd_mss, tcb.ts_ok, IP options, mss_wnd_max, mss_floor: whoever
	 * changes one, or finds it changed before sending, derives it anew. And from it
	 * cong.mss, its copy, and the windows (xtcp_cong_set_mss()).
	 */
	u16 mss;
	u16 mss_clamp;			/* TCP_MAXSEG, 0: none */
	u16 mss_floor;			/* min_snd_mss when mss was derived */
	u32 pmtu;			/* of the route, when it was used last */
	u32 mss_wnd_max;		/* tcb.snd_wnd_max when mss was derived */
	u8 nodelay : 1,			/* TCP_NODELAY */
	   cork : 1,			/* TCP_CORK */
	   more : 1,			/* in send(): there is more, or will be (MSG_MORE) */
	   fin_queued : 1,		/* the FIN is in a queue */
	   other_seq : 1;		/* the peer repeats itself: see acceptable_seq() */
	bool starved;			/* no memory for more until some is acknowledged */
	u8 limit;			/* enum xtcp_limit, now */
	u32 limit_since;		/* and since when, jiffies */
};

/* The share of text in what is charged for it, before any came: one half. */
#define XTCP_RATIO_DEFAULT 128

/* Receiving (engine/input.c, engine/window.c). */
struct xtcp_receive {
	struct rb_root ooo;		/* ahead of rcv_nxt, by seq; may overlap */
	u32 copied_seq;			/* next octet the user will read */
	u32 acked_seq;			/* rcv_nxt in the last ACK we sent */
	u32 wanted;			/* unread octets that a sleeping recv() needs; or max */
	u16 mss;			/* of the peer's full segments, from all that come */
	u16 last_len;			/* of the last one's text */
	u8 quick_acks;			/* ACK that many at once, undelayed */
	u8 urgent_octet;		/* valid when tcb.rcv_urgent says HERE */
	bool ack_deferred;		/* until all that waited has been processed */
	__be32 peer_label;		/* IPv6 flow label of the last text */
	u32 route_clamp;		/* window of ip-route(8) when it was opened; 0: none */
	/*
	 * Text in order found no memory, whose window was announced: 0 is said now, until
	 * there is some (window.c). From the charge that was refused (receive.c).
	 */
	bool no_memory;
	u8 ratio;			/* of text to its weight, 256ths: from the last full... */
	struct {
		u32 text;		/* ...count of octets queued */
		u32 weight;		/* and of what was charged for them */
	} lately;
	u32 compact_seq;		/* so far the queue gets no smaller by copying */
	u32 tune_seq;			/* copied_seq when autotuning last looked */
	u64 tune_us;			/* and when that was */
	u32 space;			/* most the user read in a round trip; from it sk_rcvbuf */
	u32 rtt_us;			/* how long a window took to come, 0: none did */
	u32 rtt_seq;			/* end of the window being timed */
	u32 rtt_since;			/* since when, jiffies */
};

/* All in all, for TCP_INFO. */
struct xtcp_stats {
	u64 bytes_sent;			/* text, retransmissions included */
	u64 bytes_retrans;
	u64 bytes_acked;
	u64 bytes_received;		/* in order */
	u32 segs_out;
	u32 segs_in;
	u32 data_segs_out;
	u32 data_segs_in;
	u32 retrans;			/* segments sent again, SYN included */
	u32 ooo;			/* segments that came out of order */
	u32 delivered;			/* acknowledged, the SYN too */
	u32 data_sent;			/* when last, jiffies */
	u32 data_recv;
	u16 rtos;			/* retransmission timeouts */
	u16 rto_recoveries;		/* in how many rows */
	u32 rto_time_ms;		/* from first sending to the ACK, of those past */
	u32 limited[XTCP_LIMITS - 1];	/* not IDLE; before snd.limit, jiffies */
};

/* Values of knobs that the user set for this socket alone (SOL_XTCP). */
struct xtcp_own_knobs {
	u32 syn_retries;
	u32 synack_retries;
	u32 rto_init_ms;
	u32 rto_min_ms;
	u32 rto_max_ms;
	u32 msl_ms;
	u32 handshake_ways;
	u32 isn_mode;
	u32 wire_protocol;
};

#define XTCP_OWN_UNSET U32_MAX		/* the knob of the namespace holds */

struct xtcp_sock {
	struct inet_sock inet;		/* first: struct sock * is struct xtcp_sock * */
	struct xtcp_addrs6 addrs6;	/* right in front of flow */
	struct xtcp_flow flow;
	const struct xtcp_af_ops *af;
	struct xtcp_port *port;
	struct xtcp_port_group *port_group;	/* where it stands there (port.c) */
	struct xtcp_reservation *reservation;	/* of its 4-tuple, protocol 6 (reserve.c) */
	bool port_explicit;		/* by bind(), its own or the listener's */
	bool orphan;			/* counted in xtcp_net.orphans */
	u32 state_since;		/* when it entered its state, jiffies */
	struct xtcp_tcb tcb;
	struct xtcp_send snd;
	struct xtcp_receive rcv;
	struct xtcp_rtt rtt;
	struct xtcp_cong cong;

	/* Timers (engine/timers.c) */
	struct hrtimer timer;		/* for the earliest of: */
	u64 due_ns[XTCP_TIMERS];	/* 0: not armed */
	u64 first_retransmit_ns;	/* since when nothing was acknowledged */
	u64 heard_ns;			/* last segment from the peer */
	u8 retransmits;			/* in a row without an answer */
	u8 backoff;			/* RTO << backoff */
	u8 probes;			/* window or keepalive probes unanswered */
	bool syn_kept;			/* not sent, the last time: this machine refused it */
	bool timer_armed;		/* the hrtimer has a reference to us */
	bool timer_running;		/* its callback has the socket lock */
	bool timer_deferred;		/* spinlock: came due while the user owned us */
	u16 answered;			/* invalid segments: xtcp_limit_answer() */
	u32 pmtu_deferred;		/* ICMP said so while the user held the lock */

	struct xtcp_fastopen fastopen;

	/* Options of the user */
	struct xtcp_own_knobs own;	/* XTCP_OWN_UNSET: the knob */
	u8 defer_accept;		/* TCP_DEFER_ACCEPT, in SYN-ACKs sent again */
	u8 save_syn;			/* TCP_SAVE_SYN */
	bool recv_inq;			/* TCP_INQ */
	u8 time_wait_queue;		/* of its own msl_ms (timewait.h); 0: the knob's */
	s32 linger2_ms;			/* 0: the knob, < 0: do not wait */
	u32 user_timeout_ms;		/* 0: none */
	u32 window_clamp;		/* never advertise more; 0: no such limit */
	u32 notsent_lowat;		/* unsent octets that make writers wait; 0: none */
	u32 keepidle_ms;		/* these three: 0, the knob */
	u32 keepintvl_ms;
	u32 keepcnt;
	u32 ts_offset;			/* added to our timestamps */
	struct xtcp_stats stats;

	/* Listening (open/listen.c) */
	struct xtcp_listener __rcu *listener; /* NULL: does not listen; socket lock */
	struct list_head accept_link;	/* a child waiting for accept() */
	struct xtcp_saved_syn *saved_syn; /* a child's, for TCP_SAVED_SYN */
};

#if IS_ENABLED(CONFIG_IPV6)
/* An AF_INET6 socket. */
struct xtcp6_sock {
	struct xtcp_sock xtcp;
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
	return xtcp_net(sock_net(sk));
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
	return rcu_dereference_protected(xtcp_sk(sk)->listener, lockdep_sock_is_held(sk));
}

/* What holds for @sk: its own value, or the knob. xtcp_sk_knob(sk, msl_ms) */
#define xtcp_sk_knob(sk, name) ({					\
	const struct sock *sk_ = (sk);					\
	u32 own_ = READ_ONCE(xtcp_sk(sk_)->own.name);			\
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
	return xtcp_sk(sk)->fastopen.early_of;
}

/* The clock of RTT and PAWS. */
static inline u64 xtcp_now_us(void)
{
	return div_u64(ktime_get_ns(), NSEC_PER_USEC);
}

/* Our timestamp clock ticks in milliseconds (RFC 7323 5.4). */
static inline u32 xtcp_ts_now(u32 offset)
{
	return (u32)div_u64(ktime_get_ns(), NSEC_PER_MSEC) + offset;
}

/* engine/state.c */

/**
 * xtcp_state_set() - go to another state
 * @sk: socket, locked
 * @state: enum xtcp_state; never TIME_WAIT (close/timewait.c)
 *
 * Traces, and warns of a transition that RFC 9293 figure 5 does not know.
 */
void xtcp_state_set(struct sock *sk, enum xtcp_state state);
const char *xtcp_state_name(unsigned int state);

/* engine/end.c */

/* The connection is over: CLOSED, timers off, out of the table, waiters woken. */
void xtcp_done(struct sock *sk);
/**
 * xtcp_fail() - the connection ended badly
 * @sk: socket, locked
 * @error: positive errno for the user; 0: none
 *
 * Unsent text is gone. Whoever polls finds the error and the hangup together.
 */
void xtcp_fail(struct sock *sk, int error);
/* A child never accepted; its lock held, BH off. Its last own reference goes. */
void xtcp_destroy_unaccepted(struct sock *sk);
/* Everything of an earlier connection is forgotten; options of the user stay. */
void xtcp_reset_connection(struct sock *sk);
/* Free a socket that is CLOSED and that nobody owns (SOCK_DEAD). */
void xtcp_destroy(struct sock *sk);

/* socket/close.c */

/**
 * xtcp_abort() - ABORT (RFC 9293 section 3.10.5), for the administrator
 * @sk: any socket, not locked; a reference of the caller's
 * @error: positive errno for its user
 *
 * Also proto->diag_destroy. Context: process.
 * Return: 0, or -ENOENT if it was CLOSED already.
 */
int xtcp_abort(struct sock *sk, int error);
/* The same if @still says so under both locks of @sk, the user's and the spinlock. */
int xtcp_abort_if(struct sock *sk, int error, bool (*still)(struct sock *sk, const void *arg),
		  const void *arg);

/* socket/proto.c */
extern struct proto xtcp_prot;
extern const struct proto_ops xtcp_stream_ops;
int xtcp_proto_register(void);
void xtcp_proto_unregister(void);
/* socket/proto6.c: the same for AF_INET6; after xtcp_proto_register(). */
#if IS_ENABLED(CONFIG_IPV6)
int xtcp_proto6_register(void);
void xtcp_proto6_unregister(void);
#else
static inline int xtcp_proto6_register(void) { return 0; }
static inline void xtcp_proto6_unregister(void) { }
#endif

#endif
