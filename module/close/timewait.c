// SPDX-License-Identifier: GPL-2.0
/*
 * TIME_WAIT (RFC 9293 section 3.6.1): for 2MSL the active closer remembers the
 * connection, so that the last ACK can be repeated and no segment of the old
 * life is taken for the new. The socket is gone; a small record stands in its
 * place in the flow table and waits in a FIFO of its namespace.
 */

#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/inet_sock.h>
#include <xtcp/drop.h>
#include <xtcp/header.h>
#include <xtcp/isn.h>
#include <xtcp/limit.h>
#include <xtcp/port.h>
#include <xtcp/reserve.h>
#include <xtcp/sock.h>
#include <xtcp/timewait.h>
#include <xtcp/trace.h>

static struct xtcp_flow_cache cache;

static struct xtcp_net *net_of(const struct xtcp_time_wait *tw)
{
	return xtcp_net(read_pnet(&tw->flow.net));
}

static struct xtcp_time_wait_queue *queue_of(const struct xtcp_time_wait *tw)
{
	return &net_of(tw)->time_wait_queues[tw->flow.queue];
}

/* Where records wait that are made on one CPU: a queue for each length of 2MSL. */
struct xtcp_time_wait_shard {
	struct xtcp_fifo fifo;
	struct list_head queues[XTCP_TIME_WAIT_QUEUES];
	struct xtcp_net *xn;
};

static struct xtcp_fifo *fifo_of(const struct xtcp_time_wait *tw)
{
	return &per_cpu_ptr(net_of(tw)->time_wait_shards, tw->flow.cpu)->fifo;
}

static void free_rcu(struct rcu_head *rcu)
{
	struct xtcp_time_wait *tw = container_of(rcu, struct xtcp_time_wait, wait.rcu);

	xtcp_flow_cache_free(&cache, &tw->flow);
}

/* Out of the flow table already, by us alone: out of the rest, and gone. */
static void release(struct xtcp_time_wait *tw)
{
	struct xtcp_time_wait_queue *queue = queue_of(tw);

	trace_xtcp_set_state(tw, &tw->flow, XTCP_TIME_WAIT, XTCP_CLOSED);
	atomic_dec(&net_of(tw)->time_waits);
	xtcp_port_put_time_wait(&tw->flow);
	/* Not queued: it came due, here or on another CPU, which found it gone. */
	xtcp_fifo_del(fifo_of(tw), &tw->wait);
	atomic_dec(&queue->users);
	xtcp_reserve_leave(net_of(tw), tw->flow.protocol);
	call_rcu(&tw->wait.rcu, free_rcu);
}

bool xtcp_timewait_drop(struct xtcp_time_wait *tw)
{
	if (!xtcp_flow_remove(&tw->flow))
		return false;
	release(tw);
	return true;
}

static u64 two_msl_ns(const struct xtcp_fifo *fifo, unsigned int level)
{
	struct xtcp_net *xn = container_of(fifo, struct xtcp_time_wait_shard, fifo)->xn;
	u32 msl_ms = READ_ONCE(xn->time_wait_queues[level].msl_ms);

	if (msl_ms == XTCP_OWN_UNSET)
		msl_ms = xtcp_knob(xn, msl_ms);
	return 2ULL * msl_ms * NSEC_PER_MSEC;
}

static void expired(struct xtcp_fifo *fifo, unsigned int level,
		    struct xtcp_fifo_entry *entry)
{
	xtcp_timewait_drop(container_of(entry, struct xtcp_time_wait, wait));
}

/* --- a length of its own -------------------------------------------------- */

/* Rounded up as little as can be; where all are shorter, the one that lacks least. */
static bool rounds_better(u32 msl_ms, u32 best_ms, u32 asked_ms)
{
	if (msl_ms < asked_ms)
		return best_ms < msl_ms;
	return best_ms < asked_ms || msl_ms < best_ms;
}

/*
 * Lock held. The queue of this length, or a free one that becomes it, or the next
 * longer one, or the longest, which becomes so long: no TIME_WAIT is shorter than its
 * socket asked. Who took them all takes nothing else from others. Lengths above the
 * knob are a privilege, and have queues of their own: no one rounds up to them.
 */
static unsigned int find_queue(struct xtcp_net *xn, u32 msl_ms)
{
	bool above = msl_ms > xtcp_knob(xn, msl_ms);
	unsigned int i, found = 0, best = above ? XTCP_TIME_WAIT_LONG : 1;
	struct xtcp_time_wait_queue *queue, *queues = xn->time_wait_queues;

	for (i = 1; i < XTCP_TIME_WAIT_QUEUES; i++) {
		queue = &queues[i];
		if (atomic_read(&queue->users) && queue->msl_ms == msl_ms)
			return i;
		if (above ? i < XTCP_TIME_WAIT_LONG : i >= XTCP_TIME_WAIT_LONG)
			continue;
		if (!atomic_read(&queue->users))
			found = found ?: i;
		else if (rounds_better(queue->msl_ms, queues[best].msl_ms, msl_ms))
			best = i;
	}
	if (!found && queues[best].msl_ms >= msl_ms)
		return best;
	found = found ?: best;
	WRITE_ONCE(queues[found].msl_ms, msl_ms);
	return found;
}

void xtcp_timewait_choose_queue(struct sock *sk, u32 msl_ms)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_net *xn = xtcp_sk_net(sk);
	unsigned int old = xs->time_wait_queue, new = 0;

	if (!old && msl_ms == XTCP_OWN_UNSET)
		return;
	spin_lock_bh(&xn->time_wait_lock);
	if (msl_ms != XTCP_OWN_UNSET)
		new = find_queue(xn, msl_ms);
	if (new)
		atomic_inc(&xn->time_wait_queues[new].users);
	spin_unlock_bh(&xn->time_wait_lock);
	xs->time_wait_queue = new;
	if (old)
		atomic_dec(&xn->time_wait_queues[old].users);
}

void xtcp_timewait_share_queue(struct sock *child)
{
	struct xtcp_sock *xs = xtcp_sk(child);

	/* Not the parent's, who may have given it up meanwhile to another length. */
	xs->time_wait_queue = 0;
	xtcp_timewait_choose_queue(child, xs->own->knobs.msl_ms);
}

static long kick(void *fifo)
{
	xtcp_fifo_kick(fifo);
	return 0;
}

/* Each on its own CPU, where its timer is to stay; one that is off left it to others. */
void xtcp_timewait_kick(struct xtcp_net *xn)
{
	struct xtcp_fifo *fifo;
	int cpu;

	for_each_possible_cpu(cpu) {
		fifo = &per_cpu_ptr(xn->time_wait_shards, cpu)->fifo;
		/* Whoever comes now asks for the new delay. */
		if (!READ_ONCE(fifo->len))
			continue;
		if (cpu_online(cpu))
			work_on_cpu(cpu, kick, fifo);
		else
			xtcp_fifo_kick(fifo);
	}
}

u64 xtcp_timewait_left_ns(const struct xtcp_time_wait *tw)
{
	return xtcp_fifo_left_ns(fifo_of(tw), tw->flow.queue, &tw->wait);
}

/* --- from socket to record ---------------------------------------------- */

static void fill(struct xtcp_time_wait *tw, const struct xtcp_sock *xs)
{
	const struct sock *sk = (const struct sock *)xs;

	tw->snd_nxt = xs->tcb.snd_nxt;
	tw->rcv_nxt = xs->tcb.rcv_nxt;
	tw->flow.ts_ok = xs->tcb.ts_ok;
	tw->ts_recent = xs->tcb.ts_recent;
	tw->flow.ts_offset = !!xs->ts_offset;
	tw->flow.rcv_wscale = xs->tcb.rcv_wscale;
	tw->rcv_wnd = min_t(u32, xtcp_tcb_rcv_wnd(&xs->tcb) >> tw->flow.rcv_wscale,
			    XTCP_WINDOW_MAX);
	tw->mark = sk->sk_mark;
	tw->priority = sk->sk_priority;
	tw->answered = xs->answered;
	tw->flow.tos = xs->af->tos(sk);
	tw->flow.mapped = xs->flow.mapped;
	tw->flow.transparent = !!(inet_sk_flowi_flags(sk) & FLOWI_FLAG_ANYSRC);
#if IS_ENABLED(CONFIG_IPV6)
	if (tw->flow.family == AF_INET6) {
		tw->flow.label = inet6_sk(sk)->flow_label & IPV6_FLOWLABEL_MASK;
		tw->flow.txhash = sk->sk_txhash;
	}
#endif
}

static struct xtcp_time_wait *create(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_flow_key key = xtcp_sk_key(sk);
	struct xtcp_time_wait *tw = xtcp_flow_cache_alloc(&cache, xs->flow.family,
							  XTCP_GFP_QUIET);

	if (!tw)
		return NULL;
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
	if (xtcp_port_hold_time_wait(sk, &tw->flow)) {
		xtcp_flow_cache_free(&cache, &tw->flow);
		goto full;
	}
	tw->flow.queue = xtcp_sk(sk)->time_wait_queue;
	atomic_inc(&queue_of(tw)->users);
	xtcp_reserve_share(xn, tw->flow.protocol);
	tw->flow.cpu = smp_processor_id();
	xtcp_fifo_prepare(&tw->wait, ktime_get_ns());
	trace_xtcp_set_state(tw, &tw->flow, xtcp_sk(sk)->tcb.state, XTCP_TIME_WAIT);
	WARN_ON_ONCE(!xtcp_flow_replace(&xtcp_sk(sk)->flow, &tw->flow));
	/* Unless someone found it and ended it meanwhile. */
	xtcp_fifo_add(fifo_of(tw), tw->flow.queue, &tw->wait, &tw->flow);
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
}

/* --- from record to socket: connect() -------------------------------------- */

/* Above its numbers, and not 0, for that is none. */
static u32 next_iss(const struct xtcp_time_wait *tw)
{
	return tw->snd_nxt + XTCP_WINDOW_MAX + 2 ?: 1;
}

/* tw_reuse: RFC 6191 lets timestamps tell the new life from the old. Under RCU. */
static bool may_take_over(struct sock *sk, const struct xtcp_time_wait *tw)
{
	const struct xtcp_net *xn = xtcp_sk_net(sk);
	u64 delay_ns = (u64)xtcp_knob(xn, tw_reuse_delay_ms) * NSEC_PER_MSEC;
	const struct dst_entry *dst = __sk_dst_get(sk);

	switch (xtcp_knob(xn, tw_reuse)) {
	case 0:
		return false;
	case 2:
		if (!dst || !(READ_ONCE(dst->dev)->flags & IFF_LOOPBACK))
			return false;
	}
	return tw->flow.ts_ok && xtcp_knob(xn, timestamps) &&
	       ktime_get_ns() - READ_ONCE(tw->wait.start_ns) >= delay_ns;
}

bool xtcp_timewait_take_over(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_flow_key key = xtcp_sk_key(sk);
	struct xtcp_time_wait *tw;
	struct xtcp_flow *flow;
	bool taken = false;

	rcu_read_lock();
	flow = xtcp_flow_lookup(&key);
	if (flow && flow->kind == XTCP_FLOW_TIME_WAIT) {
		tw = container_of(flow, struct xtcp_time_wait, flow);
		/* Only if it is in the table still: then it is what was found. */
		taken = may_take_over(sk, tw) && xtcp_flow_replace(&tw->flow, &xs->flow);
	}
	if (taken) {
		xs->tcb.iss = next_iss(tw);
		xtcp_count(net_of(tw), XTCP_CNT_TIME_WAIT_TAKEN);
		release(tw);
	}
	rcu_read_unlock();
	return taken;
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
		.paws_idle_us	= xtcp_net_paws_idle_us(xn),
	};
}

/* Not in the record: who sends an ACK can hash as well. */
static u32 ts_offset(const struct xtcp_time_wait *tw)
{
	return tw->flow.ts_offset ? xtcp_isn_ts_offset_drawn(net_of(tw), &tw->flow) : 0;
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
	struct xtcp_origin from = {
		.mark		= tw->mark,
		.priority	= tw->priority,
		.flow_flags	= tw->flow.transparent ? FLOWI_FLAG_ANYSRC : 0,
		.bound_dev_if	= tw->flow.bound_dev_if,
		.tos		= tw->flow.tos,
	};
	u8 buffer[XTCP_HEADER_MAX] __aligned(4);

	if (tw->flow.family == AF_INET6) {
		from.label = tw->flow.label;
		from.txhash = tw->flow.txhash;
	}
	if (tw->flow.ts_ok) {
		h.opt.has_ts = 1;
		h.opt.tsval = xtcp_ts_now(ts_offset(tw));
		h.opt.tsecr = tw->ts_recent;
	}
	xtcp_header_write((struct tcphdr *)buffer, &h);
	xtcp_af_ops(tw->flow.family)->reply(net_of(tw), skb, (struct tcphdr *)buffer, &from);
}

/* A repeated FIN always gets its ACK; anything else within limits (RFC 5961 7). */
static bool may_answer(struct xtcp_time_wait *tw, const struct xtcp_verdict *v)
{
	struct xtcp_net *xn = net_of(tw);

	switch (v->reply) {
	case XTCP_REPLY_ACK:
		return v->events & XTCP_EV_TW_RESTART || xtcp_limit_answer(xn, &tw->answered);
	case XTCP_REPLY_CHALLENGE:
		if (!xtcp_limit_answer(xn, &tw->answered) || !xtcp_limit_challenge(xn))
			return false;
		xtcp_count(xn, XTCP_CNT_CHALLENGE_ACKS);
		return true;
	default:
		return false;
	}
}

void xtcp_timewait_refuse(struct xtcp_time_wait *tw, struct sk_buff *skb)
{
	struct xtcp_net *xn = net_of(tw);

	if (xtcp_limit_answer(xn, &tw->answered))
		send_ack(tw, skb);
	xtcp_drop_segment(xn, skb, XTCP_DROP_TIME_WAIT);
}

/*
 * Found without a lock, and never another one than then: if someone ended it
 * meanwhile, it is neither restarted nor ended again; an ACK that it sends is right.
 */
u32 xtcp_timewait_input(struct xtcp_time_wait *tw, struct sk_buff *skb)
{
	struct xtcp_net *xn = net_of(tw);
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	xtcp_header_parse(skb, &seg);
	expand(tw, &tcb);
	xtcp_segment_arrives(&tcb, &seg, xtcp_now_us(), &v);
	if (xtcp_tcb_lacks_timestamp(&tcb, &seg) && v.drop != XTCP_DROP_NO_TIMESTAMP)
		xtcp_count(xn, XTCP_CNT_NO_TIMESTAMP);
	if (v.events & XTCP_EV_TW_REUSE)
		return next_iss(tw);
	if (v.events & XTCP_EV_RESET) {
		trace_xtcp_receive_reset(tw, &tw->flow, XTCP_TIME_WAIT);
		xtcp_timewait_drop(tw);
	}
	if (v.events & XTCP_EV_TW_RESTART)
		xtcp_fifo_restart(fifo_of(tw), tw->flow.queue, &tw->wait, &tw->flow);
	WRITE_ONCE(tw->ts_recent, tcb.ts_recent);
	if (may_answer(tw, &v))
		send_ack(tw, skb);
	xtcp_drop_segment(xn, skb, v.drop ?: XTCP_DROP_TIME_WAIT);
	return 0;
}

/* --- coming and going ---------------------------------------------------- */

static const struct xtcp_fifo_ops fifo_ops = {
	.delay_ns	= two_msl_ns,
	.due		= expired,
};

int xtcp_timewait_init(struct xtcp_net *xn)
{
	struct xtcp_time_wait_shard *shard;
	int i;

	spin_lock_init(&xn->time_wait_lock);
	for (i = 0; i < XTCP_TIME_WAIT_QUEUES; i++)
		xn->time_wait_queues[i].msl_ms = XTCP_OWN_UNSET;
	xn->time_wait_shards = alloc_percpu_gfp(struct xtcp_time_wait_shard, GFP_KERNEL_ACCOUNT);
	if (!xn->time_wait_shards)
		return -ENOMEM;
	for_each_possible_cpu(i) {
		shard = per_cpu_ptr(xn->time_wait_shards, i);
		shard->xn = xn;
		xtcp_fifo_init(&shard->fifo, &fifo_ops, shard->queues, XTCP_TIME_WAIT_QUEUES);
	}
	return 0;
}

void xtcp_timewait_exit(struct xtcp_net *xn)
{
	int cpu;

	for_each_possible_cpu(cpu)
		xtcp_fifo_exit(&per_cpu_ptr(xn->time_wait_shards, cpu)->fifo);
	free_percpu(xn->time_wait_shards);
}

int xtcp_timewait_cache_init(void)
{
	return xtcp_flow_cache_init(&cache, "xtcp_time_wait", "xtcp_time_wait6",
				    sizeof(struct xtcp_time_wait));
}

void xtcp_timewait_cache_exit(void)
{
	xtcp_flow_cache_exit(&cache);
}
