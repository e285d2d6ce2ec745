/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All of xtcp that belongs to one network namespace: admin/netns.c.
 */
#ifndef _XTCP_NET_H
#define _XTCP_NET_H

#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <net/inet_timewait_sock.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <xtcp/counters.h>
#include <xtcp/fastopen.h>
#include <xtcp/fifo.h>

#undef tw_reuse		/* of the kernel's own TIME_WAIT, which we never touch */

struct sock;
struct ctl_table_header;
struct ctl_table;

/* RFC 6056 3.3.4: how many counters G chooses from, how long F stays (table/port.c). */
#define XTCP_PORT_COUNTERS	1024U
#define XTCP_PORT_SHUFFLE_S	10U

/*
 * Lengths of TIME_WAIT at one time: the knob's, and those of XTCP_MSL_MS, from the
 * second of these on above the knob.
 */
#define XTCP_TIME_WAIT_QUEUES	16
#define XTCP_TIME_WAIT_LONG	13

/* A length of TIME_WAIT: its records wait in the queue of that number (close/timewait.c). */
struct xtcp_time_wait_queue {
	u32 msl_ms;			/* XTCP_OWN_UNSET: the knob */
	atomic_t users;			/* sockets and records; 0: free */
};

/*
 * The knobs, in the order of the table in base/knobs.c, which gives range
 * and RFC. Plain u32, written by sysctl, read by xtcp_knob().
 */
struct xtcp_knobs {
	u32 syn_retries;
	u32 synack_retries;
	u32 syn_linear_timeouts;
	u32 synack_linear_timeouts;
	u32 rto_init_ms;
	u32 rto_min_ms;
	u32 rto_max_ms;
	u32 retries1;
	u32 retries2;
	u32 orphan_retries;
	u32 local_retry_ms;
	u32 max_orphans;
	u32 msl_ms;
	u32 max_tw;
	u32 tw_reuse;
	u32 tw_reuse_delay_ms;
	u32 fin_timeout_ms;
	u32 isn_tick_ns;
	u32 wire_protocol;
	u32 isn_mode;
	u32 isn_redraw;
	u32 handshake_ways;
	u32 max_syn_backlog;
	u32 syncookies;
	u32 syncookie_lifetime_ms;
	u32 fastopen;
	u32 fastopen_cache;
	u32 fastopen_loss_ms;
	u32 fastopen_blackhole_ms;
	u32 fastopen_reset_hold_ms;
	u32 abort_on_overflow;
	u32 reflect_tos;
	u32 fwmark_accept;
	u32 l3mdev_accept;
	u32 delack_ms;
	u32 keepalive_time_ms;
	u32 keepalive_intvl_ms;
	u32 keepalive_probes;
	u32 window_scaling;
	u32 timestamps;
	u32 paws;
	u32 paws_idle_ms;
	u32 rfc1337;
	u32 invalid_ratelimit_ms;
	u32 challenge_ack_limit;
	u32 min_snd_mss;
	u32 gso;
	u32 limit_output_bytes;
	u32 initial_cwnd;
	u32 abc_limit;
	u32 slow_start_after_idle;
	u32 reordering;
	u32 rmem_default;
	u32 rmem_max;
	u32 wmem_default;
	u32 wmem_max;
};

/* Secrets of a namespace; they never leave the kernel. */
struct xtcp_secrets {
	siphash_key_t isn;
	siphash_key_t ts_offset;
	siphash_key_t port;
	siphash_key_t cookie;
	siphash_key_t cookie_proof;
	siphash_key_t fastopen_cache;
};

/* Challenge ACKs of this second (segment/limit.c). */
struct xtcp_challenge {
	u32 second;
	u32 left;
};

/* Groups from one to another; empty if the other way round. */
struct xtcp_group_range {
	kgid_t low;
	kgid_t high;
};

/*
 * For what is small and can do without: where memory is short, it fails in silence. A
 * stranger could fill the log else.
 */
#define XTCP_GFP_QUIET (GFP_ATOMIC | __GFP_NOWARN)

struct xtcp_net {
	/* These each segment reads: apart from what connections write as they come and go. */
	struct net *net;
	struct xtcp_counters __percpu *counters;
	struct xtcp_knobs knobs;
	struct xtcp_secrets secrets;
	struct sock *ctl_sk;		/* sends for those that have no socket */
	struct sock *ctl_sk6;		/* the same over IPv6; NULL: not there */
	atomic_t orphans;
	atomic_t time_waits;
	atomic_t requests;
	atomic_t device_listeners;		/* bound to a device */
	struct xtcp_time_wait_queue time_wait_queues[XTCP_TIME_WAIT_QUEUES];
	struct xtcp_time_wait_shard __percpu *time_wait_shards;
	spinlock_t time_wait_lock;		/* who takes a free one */
	u16 port_counters[XTCP_PORT_COUNTERS];	/* of ports handed out by connect() */
	struct xtcp_challenge challenge;
	struct ratelimit_state log;
	struct xtcp_fastopen_net fastopen;
	struct mutex hooks_lock;	/* of what follows */
	bool hooked;			/* someone speaks protocol 6 (wire/hooks.c) */
	bool spoke_tcp;			/* it did once (wire/hooks.c) */
	atomic_t hook_users;		/* sockets and TIME_WAITs that do */
	struct delayed_work unhook;	/* the last one is gone */
	struct mutex reserving;		/* of ports of protocol 6 (table/port.c) */
	struct llist_head given_back;	/* such ports, soon free again (table/reserve.c) */
	struct work_struct giver;	/* sees to that */
	struct xtcp_group_range wire_groups; /* who else may (wire/rights.c) */
	struct ctl_table_header *sysctl_header;
	struct ctl_table *sysctl_table;
};

extern unsigned int xtcp_net_id;

static inline struct xtcp_net *xtcp_net(const struct net *net)
{
	return net_generic(net, xtcp_net_id);
}

/* Read a knob: xtcp_knob(xn, msl_ms). Any context. */
#define xtcp_knob(xn, name) READ_ONCE((xn)->knobs.name)

/* How old a timestamp may be to reject segments; 0: no PAWS (RFC 7323 5). */
static inline u64 xtcp_net_paws_idle_us(const struct xtcp_net *xn)
{
	return xtcp_knob(xn, paws) ? xtcp_knob(xn, paws_idle_ms) * 1000ULL : 0;
}

/*
 * One more line in the machine's log? Users can bring them about: a namespace has
 * ten an hour, and one that a user made for himself has none. Any context.
 */
static inline bool xtcp_net_may_log(struct xtcp_net *xn)
{
	return xn->net->user_ns == &init_user_ns && __ratelimit(&xn->log);
}

#endif
