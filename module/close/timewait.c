// SPDX-License-Identifier: GPL-2.0
/*
 * TIME_WAIT (RFC 9293 section 3.6.1): for 2MSL the active closer remembers the
 * connection, so that the last ACK can be repeated and no segment of the old
 * life is taken for the new. The socket is gone; a small record stands in its
 * place in the flow table and waits in a FIFO of its namespace.
 */

#include <linux/slab.h>
#include <net/inet_sock.h>
#include <xtcp/input.h>
#include <xtcp/output.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/reset.h>
#include <xtcp/sock.h>
#include <xtcp/timewait.h>

static struct kmem_cache *cache;

static struct xtcp_net *net_of(const struct xtcp_time_wait *tw)
{
	return xtcp_net(read_pnet(&tw->flow.net));
}

/* Take the record out of the table; true: it is ours to free. */
static bool unhash(struct xtcp_time_wait *tw)
{
	if (!xtcp_flow_remove(&tw->flow))
		return false;
	atomic_dec(&net_of(tw)->time_waits);
	xtcp_port_put_time_wait(read_pnet(&tw->flow.net), ntohs(tw->flow.local_port),
				tw->flow.port_sharing);
	return true;
}

static void free_rcu(struct rcu_head *rcu)
{
	struct xtcp_time_wait *tw = container_of(rcu, struct xtcp_time_wait, wait.rcu);

	kmem_cache_free(cache, (u8 *)tw - xtcp_flow_headroom(tw->flow.family));
}

/* Before its time: by RST, or because a new connection takes the place. */
static bool kill(struct xtcp_time_wait *tw)
{
	if (!unhash(tw))
		return false;
	/* Not queued: it came due on another CPU, which is between the two. */
	xtcp_fifo_del(&net_of(tw)->time_wait_fifo, &tw->wait, tw->flow.cpu);
	call_rcu(&tw->wait.rcu, free_rcu);
	return true;
}

static u64 two_msl_ns(const struct xtcp_fifo *fifo)
{
	return 2ULL * xtcp_knob(fifo->xn, msl_ms) * NSEC_PER_MSEC;
}

static void expired(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry)
{
	struct xtcp_time_wait *tw = container_of(entry, struct xtcp_time_wait, wait);

	if (unhash(tw))
		call_rcu(&tw->wait.rcu, free_rcu);
}

/* --- from socket to record ---------------------------------------------- */

static void fill(struct xtcp_time_wait *tw, const struct xtcp_sock *xs)
{
	const struct sock *sk = (const struct sock *)xs;

	tw->snd_nxt = xs->tcb.snd_nxt;
	tw->rcv_nxt = xs->tcb.rcv_nxt;
	tw->flow.ts_ok = xs->tcb.ts_ok;
	tw->ts_recent = xs->tcb.ts_recent;
	tw->ts_offset = xs->ts_offset;
	tw->flow.rcv_wscale = xs->tcb.rcv_wscale;
	tw->rcv_wnd = min_t(u32, xtcp_tcb_rcv_wnd(&xs->tcb) >> tw->flow.rcv_wscale,
			    XTCP_WINDOW_MAX);
	tw->mark = sk->sk_mark;
	tw->flow.tos = inet_sk(sk)->tos;
}

static struct xtcp_time_wait *create(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_flow_key key = {
		.net		= sock_net(sk),
		.addrs		= xtcp_flow_addrs(&xs->flow),
		.local_port	= xs->flow.local_port,
		.remote_port	= xs->flow.remote_port,
		.dif		= sk->sk_bound_dev_if,
		.family		= xs->flow.family,
	};
	struct xtcp_time_wait *tw;
	u8 *p = kmem_cache_alloc(cache, GFP_ATOMIC);

	if (!p)
		return NULL;
	tw = (struct xtcp_time_wait *)(p + xtcp_flow_headroom(xs->flow.family));
	xtcp_flow_init(&tw->flow, XTCP_FLOW_TIME_WAIT, &key);
	fill(tw, xs);
	return tw;
}

static bool enter(struct sock *sk)
{
	struct xtcp_net *xn = xtcp_sk_net(sk);
	struct xtcp_time_wait *tw;

	if (atomic_inc_return(&xn->time_waits) > xtcp_knob(xn, max_tw))
		goto full;
	tw = create(sk);
	if (!tw)
		goto full;
	tw->flow.port_sharing = xtcp_port_hold_time_wait(sk);
	INIT_LIST_HEAD(&tw->wait.link);
	/* Queued before it can be found: who finds it may restart it. */
	xtcp_fifo_add(&xn->time_wait_fifo, &tw->wait, ktime_get_ns(), &tw->flow.cpu);
	WARN_ON_ONCE(!xtcp_flow_replace(&xtcp_sk(sk)->flow, &tw->flow));
	return true;
full:
	atomic_dec(&xn->time_waits);
	return false;
}

void xtcp_timewait_enter(struct sock *sk)
{
	bool entered;

	local_bh_disable();
	entered = enter(sk);
	local_bh_enable();
	xtcp_count(xtcp_sk_net(sk), entered ? XTCP_CNT_TIME_WAITS :
					      XTCP_CNT_TIME_WAIT_OVERFLOW);
	xtcp_done(sk);
}

/* --- segments ----------------------------------------------------------- */

static void expand(const struct xtcp_time_wait *tw, struct xtcp_tcb *tcb)
{
	struct xtcp_net *xn = net_of(tw);

	*tcb = (struct xtcp_tcb){
		.state		= XTCP_TIME_WAIT,
		.fin_sent	= 1,
		.ts_ok		= tw->flow.ts_ok,
		.rst_ignored	= xtcp_knob(xn, rfc1337),
		.rcv_wscale	= tw->flow.rcv_wscale,
		.snd_una	= READ_ONCE(tw->snd_nxt),
		.snd_nxt	= READ_ONCE(tw->snd_nxt),
		.snd_wnd_max	= XTCP_WINDOW_MAX,
		.rcv_nxt	= READ_ONCE(tw->rcv_nxt),
		.rcv_adv	= tw->rcv_nxt + ((u32)tw->rcv_wnd << tw->flow.rcv_wscale),
		.last_ack_sent	= tw->rcv_nxt,
		.ts_recent	= READ_ONCE(tw->ts_recent),
		.ts_recent_us	= div_u64(tw->wait.start_ns, NSEC_PER_USEC),
		.paws_idle_us	= (u64)xtcp_knob(xn, paws_idle_ms) * USEC_PER_MSEC,
	};
}

static void send_ack(struct xtcp_time_wait *tw, const struct sk_buff *skb)
{
	struct xtcp_header h = {
		.source	= tw->flow.local_port,
		.dest	= tw->flow.remote_port,
		.seq	= tw->snd_nxt,
		.ack	= tw->rcv_nxt,
		.wnd	= tw->rcv_wnd,
		.ctl	= XTCP_ACK,
	};
	u8 buffer[XTCP_HEADER_MAX] __aligned(4);

	if (tw->flow.ts_ok) {
		h.opt.has_ts = 1;
		h.opt.tsval = xtcp_ts_now(tw->ts_offset);
		h.opt.tsecr = tw->ts_recent;
	}
	xtcp_output_write_header((struct tcphdr *)buffer, &h);
	xtcp_af_ops(tw->flow.family)->reply(net_of(tw), skb, (struct tcphdr *)buffer, tw->flow.tos);
}

/* The SYN is for whoever listens now; its ISN starts above the old numbers. */
static bool reuse(struct xtcp_time_wait *tw, struct sk_buff *skb,
		  const struct xtcp_flow_key *key, const struct xtcp_segment *seg)
{
	struct sock *listener = xtcp_port_lookup_listener(key);
	u32 iss = tw->snd_nxt + XTCP_WINDOW_MAX + 2;

	if (!listener || !kill(tw))
		return false;
	xtcp_count(net_of(tw), XTCP_CNT_TIME_WAIT_REUSED);
	xtcp_listen_syn(listener, skb, key, seg, iss ?: 1);
	return true;
}

void xtcp_timewait_input(struct xtcp_time_wait *tw, struct sk_buff *skb,
			 const struct xtcp_flow_key *key)
{
	struct xtcp_net *xn = net_of(tw);
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	xtcp_input_parse(skb, &seg);
	expand(tw, &tcb);
	xtcp_segment_arrives(&tcb, &seg, xtcp_now_us(), &v);
	if (v.events & XTCP_EV_TW_REUSE) {
		if (reuse(tw, skb, key, &seg))
			return;
		v.reply = XTCP_REPLY_ACK;	/* nobody listens: still TIME_WAIT */
	}
	if (v.events & XTCP_EV_RESET)
		kill(tw);
	if (v.events & XTCP_EV_TW_RESTART)
		xtcp_fifo_restart(&xn->time_wait_fifo, &tw->wait, tw->flow.cpu);
	WRITE_ONCE(tw->ts_recent, tcb.ts_recent);
	if (v.reply == XTCP_REPLY_ACK || v.reply == XTCP_REPLY_CHALLENGE)
		send_ack(tw, skb);
	xtcp_input_drop(xn, skb, v.drop ?: XTCP_DROP_TIME_WAIT);
}

/* --- coming and going ---------------------------------------------------- */

int xtcp_timewait_init(struct xtcp_net *xn)
{
	return xtcp_fifo_init(&xn->time_wait_fifo, xn, 0, two_msl_ns, expired);
}

void xtcp_timewait_exit(struct xtcp_net *xn)
{
	xtcp_fifo_exit(&xn->time_wait_fifo);
}

int xtcp_timewait_cache_init(void)
{
	cache = kmem_cache_create("xtcp_time_wait", sizeof(struct xtcp_time_wait),
				  0, 0, NULL);
	return cache ? 0 : -ENOMEM;
}

void xtcp_timewait_cache_exit(void)
{
	kmem_cache_destroy(cache);
}
