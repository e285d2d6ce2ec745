// SPDX-License-Identifier: GPL-2.0
/*
 * The request: a connection half open, SYN_RCVD without a socket. It repeats
 * its SYN-ACK from a FIFO queue per retry, until the third segment of the
 * handshake turns it into a child of its listener, or until synack_retries are
 * used up.
 *
 * A request is in three places: the flow table, its listener's list, a FIFO.
 * Who takes it out of the flow table takes it out of the others and frees it.
 */

#include <linux/slab.h>
#include <xtcp/input.h>
#include <xtcp/isn.h>
#include <xtcp/output.h>
#include <xtcp/port.h>
#include <xtcp/receive.h>
#include <xtcp/request.h>
#include <xtcp/reset.h>
#include <xtcp/sock.h>

static struct kmem_cache *cache;

static struct xtcp_net *net_of(const struct xtcp_request *req)
{
	return xtcp_net(read_pnet(&req->flow.net));
}

static const struct xtcp_af_ops *af_of(const struct xtcp_request *req)
{
	return xtcp_af_ops(req->flow.family);
}

static struct xtcp_fifo *fifo_of(const struct xtcp_request *req)
{
	return &net_of(req)->request_fifo[min_t(u8, req->retransmits,
						XTCP_RETRY_LEVELS - 1)];
}

static void free_rcu(struct rcu_head *rcu)
{
	struct xtcp_request *req = container_of(rcu, struct xtcp_request, wait.rcu);

	kmem_cache_free(cache, (u8 *)req - xtcp_flow_headroom(req->flow.family));
}

/* Out of the listener's list and the FIFO, and gone. It is unhashed. */
static void release(struct xtcp_request *req)
{
	struct xtcp_listener *l = xtcp_sk(req->listener)->listener;

	spin_lock_bh(&l->lock);
	list_del(&req->listener_link);
	WRITE_ONCE(l->request_len, l->request_len - 1);
	spin_unlock_bh(&l->lock);
	/* The lock: due() puts it back only while it is hashed. */
	spin_lock_bh(&req->lock);
	xtcp_fifo_del(fifo_of(req), &req->wait, req->flow.cpu);
	spin_unlock_bh(&req->lock);
	atomic_dec(&net_of(req)->requests);
	call_rcu(&req->wait.rcu, free_rcu);
}

void xtcp_request_drop(struct xtcp_request *req)
{
	if (xtcp_flow_remove(&req->flow))
		release(req);
}

/* --- the second segment -------------------------------------------------- */

static void fill_header(const struct xtcp_request *req, u8 ctl, struct xtcp_header *h)
{
	*h = (struct xtcp_header){
		.source	= req->flow.local_port,
		.dest	= req->flow.remote_port,
		.seq	= req->iss + !(ctl & XTCP_SYN),
		.ack	= req->irs + 1,
		.ctl	= ctl,
		.wnd	= ctl & XTCP_SYN ? req->rcv_wnd : req->rcv_wnd >> req->flow.rcv_wscale,
	};
	if (req->flow.ts_ok) {
		h->opt.has_ts = 1;
		h->opt.tsval = xtcp_ts_now(req->ts_offset);
		h->opt.tsecr = READ_ONCE(req->ts_recent);
	}
}

static void send_syn_ack(const struct xtcp_request *req, struct dst_entry *dst)
{
	struct sk_buff *skb = alloc_skb(XTCP_HEADROOM + XTCP_HEADER_MAX, GFP_ATOMIC);
	struct xtcp_header h;

	if (!skb) {
		dst_release(dst);
		return;
	}
	fill_header(req, XTCP_SYN | XTCP_ACK, &h);
	h.opt.mss = xtcp_output_announced_mss(req->listener, af_of(req), dst);
	h.opt.has_wscale = req->flow.wscale_ok;
	h.opt.wscale = req->flow.rcv_wscale;
	skb_reserve(skb, XTCP_HEADROOM);
	skb_reset_transport_header(skb);
	xtcp_output_write_header(skb_put(skb, xtcp_output_header_len(&h)), &h);
	skb->mark = req->mark;
	xtcp_count(net_of(req), XTCP_CNT_OUT_SEGS);
	af_of(req)->request_xmit(req->listener, skb, &req->flow, dst, req->flow.tos);
}

static void repeat_syn_ack(const struct xtcp_request *req)
{
	struct dst_entry *dst = af_of(req)->request_route(req->listener, req);

	if (!dst)
		return;			/* perhaps next time */
	xtcp_count(net_of(req), XTCP_CNT_SYN_ACK_RETRANS);
	send_syn_ack(req, dst);
}

/* delay of queue n: rto_init_ms doubled n times, at most rto_max_ms */
static u64 retry_delay_ns(const struct xtcp_fifo *fifo)
{
	u64 ms = (u64)xtcp_knob(fifo->xn, rto_init_ms) << fifo->level;

	return min_t(u64, ms, xtcp_knob(fifo->xn, rto_max_ms)) * NSEC_PER_MSEC;
}

/* Wait in the queue of the next retry, from when this one was due. */
static bool wait_on(struct xtcp_request *req, u64 due_ns)
{
	bool hashed;

	spin_lock(&req->lock);
	hashed = xtcp_flow_hashed(&req->flow);
	if (hashed) {
		if (req->retransmits < U8_MAX)
			req->retransmits++;
		xtcp_fifo_add(fifo_of(req), &req->wait, due_ns, &req->flow.cpu);
	}
	spin_unlock(&req->lock);
	return hashed;
}

static void due(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry)
{
	struct xtcp_request *req = container_of(entry, struct xtcp_request, wait);

	if (req->retransmits >= xtcp_knob(fifo->xn, synack_retries)) {
		xtcp_count(fifo->xn, XTCP_CNT_SYN_ACK_TIMEOUTS);
		xtcp_count(fifo->xn, XTCP_CNT_ATTEMPT_FAILS);
		xtcp_request_drop(req);
		return;
	}
	if (wait_on(req, entry->start_ns + fifo->delay_ns(fifo)))
		repeat_syn_ack(req);
}

/* --- the first segment --------------------------------------------------- */

static void negotiate(struct xtcp_request *req, const struct sock *listener,
		      const struct xtcp_segment *seg)
{
	struct xtcp_net *xn = net_of(req);

	req->irs = seg->seq;
	req->snd_mss = seg->opt.mss ?: XTCP_MSS_DEFAULT;
	req->flow.wscale_ok = seg->opt.has_wscale && xtcp_knob(xn, window_scaling);
	req->flow.snd_wscale = req->flow.wscale_ok ? seg->opt.wscale : 0;
	req->rcv_wnd = xtcp_window_initial(listener, req->flow.wscale_ok,
					   &req->flow.rcv_wscale);
	req->flow.ts_ok = seg->opt.has_ts && xtcp_knob(xn, timestamps);
	req->ts_recent = seg->opt.tsval;
	req->ts_offset = xtcp_isn_ts_offset(xn, &req->flow);
}

static struct xtcp_request *create(struct sock *listener, const struct sk_buff *skb,
				   const struct xtcp_flow_key *key)
{
	struct xtcp_flow_key own = *key;
	struct xtcp_request *req;
	u8 *p = kmem_cache_zalloc(cache, GFP_ATOMIC);

	if (!p)
		return NULL;
	req = (struct xtcp_request *)(p + xtcp_flow_headroom(key->family));
	own.dif = listener->sk_bound_dev_if;
	xtcp_flow_init(&req->flow, XTCP_FLOW_REQUEST, &own);
	spin_lock_init(&req->lock);
	INIT_LIST_HEAD(&req->wait.link);
	req->listener = listener;
	req->mark = listener->sk_mark;
	req->flow.tos = inet_sk(listener)->tos;
	req->wait.start_ns = ktime_get_ns();
	return req;
}

/* Into all three places; false: the listener closed, or another CPU was first. */
static bool enter(struct xtcp_request *req)
{
	struct xtcp_listener *l = xtcp_sk(req->listener)->listener;

	spin_lock_bh(&l->lock);
	if (!l->open) {
		spin_unlock_bh(&l->lock);
		return false;
	}
	list_add_tail(&req->listener_link, &l->requests);
	WRITE_ONCE(l->request_len, l->request_len + 1);
	/* Under the lock: a closing listener finds it in the flow table. */
	xtcp_fifo_add(fifo_of(req), &req->wait, req->wait.start_ns, &req->flow.cpu);
	if (!xtcp_flow_insert(&req->flow)) {
		atomic_inc(&net_of(req)->requests);
		spin_unlock_bh(&l->lock);
		return true;
	}
	xtcp_fifo_del(fifo_of(req), &req->wait, req->flow.cpu);
	list_del(&req->listener_link);
	WRITE_ONCE(l->request_len, l->request_len - 1);
	spin_unlock_bh(&l->lock);
	return false;
}

void xtcp_request_new(struct sock *listener, struct sk_buff *skb,
		      const struct xtcp_flow_key *key,
		      const struct xtcp_segment *seg, u32 iss)
{
	struct xtcp_net *xn = xtcp_sk_net(listener);
	struct xtcp_request *req = create(listener, skb, key);
	struct dst_entry *dst;

	if (!req) {
		xtcp_input_drop(xn, skb, XTCP_DROP_NO_MEMORY);
		return;
	}
	negotiate(req, listener, seg);
	req->iss = iss ?: xtcp_isn_new(xn, &req->flow);
	dst = af_of(req)->request_route(listener, req);
	if (!dst || !enter(req)) {
		xtcp_input_drop(xn, skb, dst ? XTCP_DROP_RACE : XTCP_DROP_NO_ROUTE);
		dst_release(dst);
		free_rcu(&req->wait.rcu);	/* no one saw it */
		return;
	}
	send_syn_ack(req, dst);
	xtcp_input_drop(xn, skb, 0);
}

/* --- the third segment --------------------------------------------------- */

static void expand(const struct xtcp_request *req, struct xtcp_tcb *tcb)
{
	struct xtcp_net *xn = net_of(req);

	*tcb = (struct xtcp_tcb){
		.state		= XTCP_SYN_RCVD,
		.passive	= 1,
		.ts_ok		= req->flow.ts_ok,
		.wscale_ok	= req->flow.wscale_ok,
		.snd_wscale	= req->flow.snd_wscale,
		.rcv_wscale	= req->flow.rcv_wscale,
		.snd_mss	= req->snd_mss,
		.iss		= req->iss,
		.snd_una	= req->iss,
		.snd_nxt	= req->iss + 1,
		.irs		= req->irs,
		.rcv_nxt	= req->irs + 1,
		.rcv_adv	= req->irs + 1 + req->rcv_wnd,
		.last_ack_sent	= req->irs + 1,
		.ts_recent	= READ_ONCE(req->ts_recent),
		.ts_recent_us	= div_u64(req->wait.start_ns, NSEC_PER_USEC),
		.paws_idle_us	= (u64)xtcp_knob(xn, paws_idle_ms) * USEC_PER_MSEC,
	};
}

/* The child, locked, in SYN_RCVD; in no table yet. */
static struct sock *create_child(const struct xtcp_request *req, struct dst_entry *dst)
{
	struct sock *child = xtcp_clone(req->listener);
	struct xtcp_sock *xs;

	if (!child) {
		dst_release(dst);
		return NULL;
	}
	xs = xtcp_sk(child);
	expand(req, &xs->tcb);
	xs->ts_offset = req->ts_offset;
	/* When the SYN-ACK went out; of use only if it did so once. */
	xs->first_retransmit_ns = req->wait.start_ns;
	xs->retransmits = req->retransmits;
	xs->snd.write_seq = req->iss + 1;
	xs->snd.small_seq = req->iss;
	xs->rcv.window_clamp = (u32)XTCP_WINDOW_MAX << req->flow.rcv_wscale;
	af_of(req)->child_init(child, req->listener, req, dst);
	if (!xtcp_port_inherit(child, ntohs(req->flow.local_port)))
		return child;
	xtcp_destroy_unaccepted(child);
	xtcp_clone_unlock(child);
	return NULL;
}

/* @child took the request's place: give it the segment, then to accept(). */
static void hand_over(struct sock *listener, struct sock *child, struct sk_buff *skb)
{
	xtcp_input_segment(child, skb);
	if (xtcp_listen_queue_child(listener, child)) {
		xtcp_count(xtcp_sk_net(child), XTCP_CNT_PASSIVE_OPENS);
		xtcp_clone_unlock(child);
		listener->sk_data_ready(listener);
		return;
	}
	xtcp_output_rst(child);
	xtcp_destroy_unaccepted(child);
	xtcp_clone_unlock(child);
}

static void become_child(struct xtcp_request *req, struct sk_buff *skb)
{
	struct xtcp_net *xn = net_of(req);
	struct sock *listener = req->listener, *child;
	struct dst_entry *dst;

	if (xtcp_listen_accept_full(listener)) {
		/* The SYN-ACK comes again, and with it another chance. */
		xtcp_count(xn, XTCP_CNT_LISTEN_OVERFLOWS);
		xtcp_input_drop(xn, skb, XTCP_DROP_LISTEN_FULL);
		return;
	}
	dst = af_of(req)->request_route(listener, req);
	child = dst ? create_child(req, dst) : NULL;
	if (!child) {
		xtcp_input_drop(xn, skb, dst ? XTCP_DROP_NO_MEMORY : XTCP_DROP_NO_ROUTE);
		return;
	}
	if (!xtcp_flow_replace(&req->flow, &xtcp_sk(child)->flow)) {
		xtcp_destroy_unaccepted(child);
		xtcp_clone_unlock(child);
		xtcp_input_drop(xn, skb, XTCP_DROP_RACE);
		return;
	}
	release(req);
	hand_over(listener, child, skb);
}

static void send_ack(const struct xtcp_request *req, const struct sk_buff *skb)
{
	u8 buffer[XTCP_HEADER_MAX] __aligned(4);
	struct xtcp_header h;

	fill_header(req, XTCP_ACK, &h);
	xtcp_output_write_header((struct tcphdr *)buffer, &h);
	af_of(req)->reply(net_of(req), skb, (struct tcphdr *)buffer, req->flow.tos);
}

void xtcp_request_input(struct xtcp_request *req, struct sk_buff *skb)
{
	struct xtcp_net *xn = net_of(req);
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	xtcp_input_parse(skb, &seg);
	expand(req, &tcb);
	xtcp_segment_arrives(&tcb, &seg, xtcp_now_us(), &v);
	if (v.events & XTCP_EV_ESTABLISHED) {
		become_child(req, skb);
		return;
	}
	if (v.events & XTCP_EV_RESET) {
		xtcp_count(xn, XTCP_CNT_ATTEMPT_FAILS);
		xtcp_request_drop(req);
		xtcp_input_drop(xn, skb, 0);
		return;
	}
	WRITE_ONCE(req->ts_recent, tcb.ts_recent);
	if (v.reply == XTCP_REPLY_SYN_ACK)
		repeat_syn_ack(req);
	else if (v.reply == XTCP_REPLY_RST)
		xtcp_reset_reply(xn, af_of(req), skb, &seg);
	else if (v.reply)
		send_ack(req, skb);
	xtcp_input_drop(xn, skb, v.drop);
}

/* --- coming and going ---------------------------------------------------- */

int xtcp_request_init(struct xtcp_net *xn)
{
	int i, err;

	for (i = 0; i < XTCP_RETRY_LEVELS; i++) {
		err = xtcp_fifo_init(&xn->request_fifo[i], xn, i, retry_delay_ns, due);
		if (err) {
			xtcp_request_exit(xn);
			return err;
		}
	}
	return 0;
}

void xtcp_request_exit(struct xtcp_net *xn)
{
	int i;

	for (i = 0; i < XTCP_RETRY_LEVELS; i++)
		xtcp_fifo_exit(&xn->request_fifo[i]);
}

int xtcp_request_cache_init(void)
{
	cache = kmem_cache_create("xtcp_request", sizeof(struct xtcp_request), 0, 0, NULL);
	return cache ? 0 : -ENOMEM;
}

void xtcp_request_cache_exit(void)
{
	kmem_cache_destroy(cache);
}
