/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All of xtcp that belongs to one network namespace: admin/netns.c.
 */
#ifndef _XTCP_NET_H
#define _XTCP_NET_H

#include <linux/siphash.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <xtcp/counters.h>
#include <xtcp/fifo.h>

struct sock;
struct ctl_table_header;
struct ctl_table;

/* Retry levels with a queue of their own; later retries share the last. */
#define XTCP_RETRY_LEVELS 32

/*
 * The knobs, in the order of the table in admin/sysctl.c, which gives range
 * and RFC. Plain u32, written by sysctl, read by xtcp_knob().
 */
struct xtcp_knobs {
	u32 syn_retries;
	u32 synack_retries;
	u32 rto_init_ms;
	u32 rto_min_ms;
	u32 rto_max_ms;
	u32 retries2;
	u32 orphan_retries;
	u32 max_orphans;
	u32 msl_ms;
	u32 max_tw;
	u32 fin_timeout_ms;
	u32 isn_tick_ns;
	u32 max_syn_backlog;
	u32 delack_ms;
	u32 keepalive_time_ms;
	u32 keepalive_intvl_ms;
	u32 keepalive_probes;
	u32 window_scaling;
	u32 timestamps;
	u32 paws_idle_ms;
	u32 rfc1337;
	u32 invalid_ratelimit_ms;
	u32 min_snd_mss;
	u32 initial_cwnd;
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
};

struct xtcp_net {
	struct net *net;
	struct xtcp_knobs knobs;
	struct xtcp_secrets secrets;
	struct xtcp_counters __percpu *counters;
	struct sock *ctl_sk;		/* sends for those that have no socket */
	atomic_t orphans;
	atomic_t time_waits;
	atomic_t requests;
	struct xtcp_fifo request_fifo[XTCP_RETRY_LEVELS];
	struct xtcp_fifo time_wait_fifo;
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

/* The one place where defaults stand. */
void xtcp_net_defaults(struct xtcp_knobs *knobs);

int xtcp_netns_init(void);
void xtcp_netns_exit(void);

/* admin/sysctl.c */
int xtcp_sysctl_register(struct xtcp_net *xn);
void xtcp_sysctl_unregister(struct xtcp_net *xn);

/* admin/proc.c */
int xtcp_proc_register(struct net *net);
void xtcp_proc_unregister(struct net *net);

#endif
