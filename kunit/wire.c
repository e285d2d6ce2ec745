// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual wire, see wire.h. Both addresses are this host's. A netfilter hook
 * takes every segment of the protocol out of the loopback device's way,
 * records it, asks the script, and hands it on when it is due.
 */

#include <linux/delay.h>
#include <linux/file.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <net/ipv6.h>
#include <xtcp/batch.h>
#include <xtcp/options.h>
#include <xtcp/output.h>
#include <xtcp/socket.h>
#include <xtcp/state.h>
#include "wire.h"
#include "wire_ip.h"

/* Marks what wire_inject() made, on its way through lo to our hook. */
#define WIRE_MARK 0x78746370

/* A sleeping test must not wait longer than KUnit lets it. */
#define WIRE_PATIENCE (250 * HZ)

void wire_fail(struct wire *w, const char *where, const char *what)
{
	if (w->test) {
		KUNIT_FAIL(w->test, "%s: %s\n", where, what);
		return;
	}
	w->failures++;
	pr_err("    # %s: %s\n", where, what);
}

void wire_eq(struct wire *w, const char *where, const char *what, long long seen,
	     long long expected)
{
	char text[160];

	if (seen == expected)
		return;
	snprintf(text, sizeof(text), "%s is %lld, not %lld", what, seen, expected);
	wire_fail(w, where, text);
}

/* Time */

u64 wire_now_us(const struct wire *w)
{
	return div_u64(ktime_get_ns() - w->epoch_ns, NSEC_PER_USEC);
}

void wire_stand_still_ms(struct wire *w, unsigned int ms)
{
	local_bh_disable();
	mdelay(ms);
	local_bh_enable();
}

/* Sleeps to a whole millisecond of the wire's clock, so that errors do not add up. */
void wire_run_ms(struct wire *w, unsigned int ms)
{
	u64 now = ktime_get_ns();
	u64 base = w->epoch_ns ?: now;
	u64 whole = div_u64(now - base + NSEC_PER_MSEC / 2, NSEC_PER_MSEC);

	if (!w->epoch_ns)
		w->epoch_ns = now;
	wire_run_to_ms(w, whole + ms);
}

void wire_run_to_ms(struct wire *w, unsigned int ms)
{
	ktime_t until = ns_to_ktime(w->epoch_ns + (u64)ms * NSEC_PER_MSEC);

	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
}

void wire_epoch(struct wire *w)
{
	spin_lock_bh(&w->lock);
	w->epoch_ns = ktime_get_ns();
	w->shown = w->segments.prev;
	spin_unlock_bh(&w->lock);
}

/* The script */

static bool wire_kind_matches(const struct wire_segment *seg, enum wire_kind kind)
{
	u8 syn_ack = seg->ctl & (XTCP_SYN | XTCP_ACK);

	switch (kind) {
	case WIRE_ANY:
		return true;
	case WIRE_SYN:
		return syn_ack == XTCP_SYN;
	case WIRE_SYN_ACK:
		return syn_ack == (XTCP_SYN | XTCP_ACK);
	case WIRE_ACK:
		return !seg->len && syn_ack == XTCP_ACK &&
			!(seg->ctl & (XTCP_FIN | XTCP_RST));
	case WIRE_DATA:
		return seg->len;
	case WIRE_FIN:
		return seg->ctl & XTCP_FIN;
	case WIRE_RST:
		return seg->ctl & XTCP_RST;
	}
	return false;
}

/* Does @rule say something about @seg? Counts; so to be asked once a segment. */
static bool wire_rule_hits(struct wire_rule *rule, const struct wire_segment *seg)
{
	if (rule->action == WIRE_PASS || rule->from != seg->from ||
	    !wire_kind_matches(seg, rule->kind))
		return false;
	rule->seen++;
	return rule->seen >= rule->nth && rule->seen - rule->nth < rule->count;
}

static void wire_script(struct wire *w, struct wire_segment *seg)
{
	unsigned int i;

	if (w->loss_percent && prandom_u32_state(&w->random) % 100 < w->loss_percent)
		seg->action = WIRE_DROP;
	else if (w->twice_percent && prandom_u32_state(&w->random) % 100 < w->twice_percent)
		seg->action = WIRE_TWICE;
	if (w->late_percent && prandom_u32_state(&w->random) % 100 < w->late_percent)
		seg->delay_ns += prandom_u32_state(&w->random) % 4 * w->delay_ns;
	if (w->spoofed && seg->from == B && seg->conn)
		seg->action = WIRE_DROP;
	for (i = 0; i < WIRE_RULES; i++) {
		struct wire_rule *rule = &w->rules[i];

		if (!wire_rule_hits(rule, seg) || seg->action != WIRE_PASS)
			continue;
		seg->action = rule->action;
		seg->delay_ns += (u64)rule->delay_ms * NSEC_PER_MSEC;
	}
}

static void wire_rule_add(struct wire *w, const struct wire_rule *rule)
{
	unsigned int i;

	spin_lock_bh(&w->lock);
	for (i = 0; i < WIRE_RULES; i++)
		if (w->rules[i].action == WIRE_PASS)
			break;
	if (i < WIRE_RULES)
		w->rules[i] = *rule;
	spin_unlock_bh(&w->lock);
	if (i == WIRE_RULES)
		wire_fail(w, WIRE_HERE, "too many rules for one wire");
}

void wire_drop(struct wire *w, enum wire_end from, enum wire_kind kind,
	       unsigned int nth, unsigned int count)
{
	struct wire_rule rule = {
		.action = WIRE_DROP,
		.from = from,
		.kind = kind,
		.nth = nth,
		.count = count,
	};

	wire_rule_add(w, &rule);
}

void wire_late(struct wire *w, enum wire_end from, enum wire_kind kind,
	       unsigned int nth, unsigned int ms)
{
	struct wire_rule rule = {
		.action = WIRE_LATE,
		.from = from,
		.kind = kind,
		.nth = nth,
		.count = 1,
		.delay_ms = ms,
	};

	wire_rule_add(w, &rule);
}

void wire_twice(struct wire *w, enum wire_end from, enum wire_kind kind,
		unsigned int nth)
{
	struct wire_rule rule = {
		.action = WIRE_TWICE,
		.from = from,
		.kind = kind,
		.nth = nth,
		.count = 1,
	};

	wire_rule_add(w, &rule);
}

void wire_hold(struct wire *w, enum wire_end from, enum wire_kind kind,
	       unsigned int nth)
{
	struct wire_rule rule = {
		.action = WIRE_HOLD,
		.from = from,
		.kind = kind,
		.nth = nth,
		.count = 1,
	};

	wire_rule_add(w, &rule);
}

void wire_corrupt(struct wire *w, enum wire_end from, enum wire_kind kind,
		  unsigned int nth)
{
	struct wire_rule rule = {
		.action = WIRE_CORRUPT,
		.from = from,
		.kind = kind,
		.nth = nth,
		.count = 1,
	};

	wire_rule_add(w, &rule);
}

void wire_lossy(struct wire *w, unsigned int percent, u64 seed)
{
	spin_lock_bh(&w->lock);
	prandom_seed_state(&w->random, seed);
	w->loss_percent = percent;
	spin_unlock_bh(&w->lock);
}

void wire_refuse(struct wire *w, enum wire_end from, unsigned int count)
{
	atomic_set(&w->full[from], count);
}

void wire_disorder(struct wire *w, unsigned int twice_percent, unsigned int late_percent)
{
	spin_lock_bh(&w->lock);
	w->twice_percent = twice_percent;
	w->late_percent = late_percent;
	spin_unlock_bh(&w->lock);
}

void wire_shapes(struct wire *w)
{
	w->shapes = true;
}

void wire_pass_all(struct wire *w)
{
	xtcp_output_starve = 0;
	atomic_set(&w->full[A], 0);
	atomic_set(&w->full[B], 0);
	spin_lock_bh(&w->lock);
	w->loss_percent = 0;
	w->twice_percent = 0;
	w->late_percent = 0;
	memset(w->rules, 0, sizeof(w->rules));
	spin_unlock_bh(&w->lock);
}

void wire_delay_ms(struct wire *w, unsigned int ms)
{
	WRITE_ONCE(w->delay_ns, (u64)ms * NSEC_PER_MSEC);
}

/* Memory */

void wire_memory_runs_out(struct wire *w)
{
	int i;

	if (w->no_memory)
		return;
	w->no_memory = true;
	atomic_long_inc(xtcp_prot.memory_allocated);
	memcpy(w->old_mem, xtcp_prot.sysctl_mem, sizeof(w->old_mem));
	for (i = 0; i < 3; i++)
		xtcp_prot.sysctl_mem[i] = 0;
}

void wire_memory_is_back(struct wire *w)
{
	if (!w->no_memory)
		return;
	w->no_memory = false;
	xtcp_prot.leave_memory_pressure(NULL);
	memcpy(xtcp_prot.sysctl_mem, w->old_mem, sizeof(w->old_mem));
	atomic_long_dec(xtcp_prot.memory_allocated);
}

/* States of the two ends */

static u8 wire_flow_state(const struct xtcp_flow_key *key)
{
	struct xtcp_flow *flow = xtcp_flow_lookup(key);

	if (!flow)
		return XTCP_CLOSED;
	switch (flow->kind) {
	case XTCP_FLOW_REQUEST:
		return XTCP_SYN_RCVD;
	case XTCP_FLOW_TIME_WAIT:
		return XTCP_TIME_WAIT;
	}
	return READ_ONCE(xtcp_flow_sk(flow)->sk_state);
}

static u16 wire_port(const struct wire *w, enum wire_end end, unsigned int conn)
{
	return w->side[end].port + (end == A ? conn : 0);
}

static void wire_addrs(const struct wire *w, enum wire_end end, union wire_addrs *addrs)
{
	const union nf_inet_addr *local = &w->ip->addr[end];
	const union nf_inet_addr *remote = &w->ip->addr[!end];

	if (w->ip->family == AF_INET)
		addrs->v4 = (struct xtcp_addrs4){ local->ip, remote->ip };
	else
		addrs->v6 = (struct xtcp_addrs6){ local->in6, remote->in6 };
}

static u8 wire_conn_state(struct wire *w, enum wire_end end, unsigned int conn)
{
	union wire_addrs addrs;
	struct xtcp_flow_key key = {
		.net = &init_net,
		.addrs = &addrs,
		.local_port = htons(wire_port(w, end, conn)),
		.remote_port = htons(wire_port(w, !end, conn)),
		.dif = LOOPBACK_IFINDEX,
		.family = w->ip->family,
		.protocol = IPPROTO_XTCP,
	};
	u8 state;

	wire_addrs(w, end, &addrs);
	rcu_read_lock();
	state = wire_flow_state(&key);
	rcu_read_unlock();
	if (state == XTCP_CLOSED && w->side[end].listener)
		return XTCP_LISTEN;
	return state;
}

bool wire_is_ipv6(const struct wire *w)
{
	return w->ip->family == AF_INET6;
}

u8 wire_state(struct wire *w, enum wire_end end)
{
	return wire_conn_state(w, end, 0);
}

struct xtcp_sock *wire_xs(struct wire *w, enum wire_end end)
{
	return xtcp_sk(w->side[end].sock->sk);
}

struct xtcp_own *wire_make_own(struct wire *w, enum wire_end end)
{
	return xtcp_own_make((struct sock *)wire_xs(w, end), GFP_KERNEL);
}

u64 wire_counter(unsigned int which)
{
	return xtcp_counters_read(xtcp_net(&init_net), which);
}

unsigned int wire_count(struct wire *w, enum wire_end from, enum wire_kind kind)
{
	struct wire_segment *seg;
	unsigned int n = 0;

	spin_lock_bh(&w->lock);
	list_for_each_entry(seg, &w->segments, link)
		if (seg->from == from && !seg->injected && !seg->copy &&
		    wire_kind_matches(seg, kind))
			n++;
	spin_unlock_bh(&w->lock);
	return n;
}

/* Arrival */

static void wire_arrive(struct wire_segment *seg)
{
	struct sk_buff *skb = seg->skb;
	struct wire *w = seg->wire;

	seg->skb = NULL;
	local_bh_disable();
	rcu_read_lock();
	seg->okfn(&init_net, NULL, skb);
	rcu_read_unlock();
	if (!w->in_batches)
		xtcp_batch_end();
	local_bh_enable();
	seg->receiver_state = wire_conn_state(w, !seg->from, seg->conn);
	seg->arrived = true;
	spin_lock_bh(&w->lock);
	w->under_way--;
	spin_unlock_bh(&w->lock);
}

static enum hrtimer_restart wire_due(struct hrtimer *timer)
{
	struct wire_segment *seg = container_of(timer, struct wire_segment, timer);
	struct wire *w = seg->wire;
	struct wire_segment *held;

	wire_arrive(seg);
	spin_lock_bh(&w->lock);
	held = w->held[seg->from];
	w->held[seg->from] = NULL;
	spin_unlock_bh(&w->lock);
	/* Just behind: an answer to the first one leaves before it comes. */
	if (held)
		hrtimer_start(&held->timer, ktime_add_us(ktime_get(), 1),
			      HRTIMER_MODE_ABS_SOFT);
	return HRTIMER_NORESTART;
}

/* Recording */

static void wire_record_option(struct wire_segment *seg, const u8 *p)
{
	switch (p[0]) {
	case XTCP_OPT_MSS:
		seg->mss = get_unaligned_be16(p + 2);
		break;
	case XTCP_OPT_WSCALE:
		seg->has_wscale = true;
		seg->wscale = p[2];
		break;
	case XTCP_OPT_SACK_PERM:
		seg->sack_perm = true;
		break;
	case XTCP_OPT_TS:
		seg->has_ts = true;
		seg->tsval = get_unaligned_be32(p + 2);
		seg->tsecr = get_unaligned_be32(p + 6);
		break;
	case XTCP_OPT_FASTOPEN:
		seg->fastopen_kind = p[0];
		seg->cookie_len = p[1] - 2;
		break;
	case XTCP_OPT_EXPERIMENT:
		seg->fastopen_kind = p[0];
		seg->cookie_len = p[1] - 4;
		break;
	}
}

/* Our own walk, so that the module's is not judged by itself. */
static void wire_record_options(struct wire_segment *seg, const u8 *p, const u8 *end)
{
	while (p < end && *p != XTCP_OPT_EOL) {
		if (*p == XTCP_OPT_NOP) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			break;
		wire_record_option(seg, p);
		p += p[1];
	}
}

static void wire_record_header(struct wire_segment *seg, const struct tcphdr *th,
			       unsigned int len)
{
	seg->ctl = xtcp_control_bits(th);
	seg->seq = ntohl(th->seq);
	seg->ack = ntohl(th->ack_seq);
	seg->wnd = ntohs(th->window);
	seg->up = ntohs(th->urg_ptr);
	seg->len = len - th->doff * 4;
	wire_record_options(seg, (const u8 *)(th + 1), (const u8 *)th + th->doff * 4);
}

static bool wire_is_addr(const struct wire *w, enum wire_end end,
			 const union nf_inet_addr *addr)
{
	return nf_inet_addr_cmp(&w->ip->addr[end], addr);
}

/* Whose segment is it, and of which connection? False: not of this wire. */
static bool wire_record_ends(struct wire *w, struct wire_segment *seg,
			     const struct wire_packet *p, const struct tcphdr *th)
{
	u16 port_a;

	seg->from = wire_is_addr(w, A, &p->saddr) ? A : B;
	if (!wire_is_addr(w, seg->from, &p->saddr) ||
	    !wire_is_addr(w, !seg->from, &p->daddr))
		return false;
	port_a = ntohs(seg->from == A ? th->source : th->dest);
	seg->conn = port_a - w->side[A].port;
	return (u16)(port_a - w->side[A].port) < WIRE_CONNS;
}

/* What the wire learns from segments of real sockets. */
static void wire_learn(struct wire *w, const struct wire_segment *seg)
{
	struct wire_conn *conn = &w->conn[seg->conn];

	if (seg->ctl & XTCP_SYN) {
		conn->isn[seg->from] = seg->seq;
		conn->known[seg->from] = true;
		conn->ts[seg->from] = seg->has_ts;
		conn->wscale[seg->from] = seg->wscale;
	}
	if (seg->has_ts)
		conn->tsval[seg->from] = seg->tsval;
}

static void wire_relate(struct wire *w, struct wire_segment *seg)
{
	const struct wire_conn *conn = &w->conn[seg->conn];

	seg->seq_rel = seg->seq - conn->isn[seg->from];
	seg->ack_rel = seg->ack - conn->isn[!seg->from];
}

static struct wire_segment *wire_segment_new(struct wire *w)
{
	struct wire_segment *seg = kzalloc(sizeof(*seg), GFP_ATOMIC);

	if (!seg)
		return NULL;
	seg->wire = w;
	seg->delay_ns = READ_ONCE(w->delay_ns);
	hrtimer_setup(&seg->timer, wire_due, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	return seg;
}

/* Under w->lock. */
static void wire_enter(struct wire *w, struct wire_segment *seg)
{
	seg->sent_ns = ktime_get_ns();
	if (!w->epoch_ns)
		w->epoch_ns = seg->sent_ns;
	if (!seg->injected) {
		wire_learn(w, seg);
		wire_script(w, seg);
	}
	wire_relate(w, seg);
	w->under_way++;
	list_add_tail(&seg->link, &w->segments);
}

/* Every checksum must be right: with our protocol number, summed by us. */
static void wire_check_checksum(struct wire *w, struct sk_buff *skb,
				const struct wire_packet *p)
{
	unsigned int len = skb->len - p->header_len;

	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		w->bad_checksums++;
	if (w->ip->checksum(p, len, skb_checksum(skb, p->header_len, len, 0)))
		w->bad_checksums++;
	skb->ip_summed = CHECKSUM_NONE;
}

static void wire_send_on(struct wire_segment *seg)
{
	hrtimer_start(&seg->timer, ns_to_ktime(seg->sent_ns + seg->delay_ns),
		      HRTIMER_MODE_ABS_SOFT);
}

static void wire_lose(struct wire_segment *seg)
{
	struct wire *w = seg->wire;

	kfree_skb(seg->skb);
	seg->skb = NULL;
	spin_lock_bh(&w->lock);
	w->under_way--;
	spin_unlock_bh(&w->lock);
}

static void wire_send_copy(struct wire_segment *seg)
{
	struct wire_segment *copy = wire_segment_new(seg->wire);
	struct wire *w = seg->wire;

	if (!copy)
		return;
	*copy = *seg;
	hrtimer_setup(&copy->timer, wire_due, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	copy->copy = true;
	copy->skb = skb_copy(seg->skb, GFP_ATOMIC);
	spin_lock_bh(&w->lock);
	w->under_way++;
	list_add_tail(&copy->link, &w->segments);
	spin_unlock_bh(&w->lock);
	wire_send_on(copy);
}

static void wire_hold_back(struct wire_segment *seg)
{
	struct wire *w = seg->wire;

	spin_lock_bh(&w->lock);
	w->held[seg->from] = seg;
	spin_unlock_bh(&w->lock);
}

/* The last octet: text if there is any, else of the header. */
static void wire_damage(struct wire_segment *seg)
{
	skb_tail_pointer(seg->skb)[-1] ^= 0x10;
}

static void wire_dispatch(struct wire_segment *seg)
{
	switch (seg->action) {
	case WIRE_DROP:
		wire_lose(seg);
		return;
	case WIRE_HOLD:
		wire_hold_back(seg);
		return;
	case WIRE_TWICE:
		wire_send_on(seg);
		wire_send_copy(seg);
		return;
	case WIRE_CORRUPT:
		wire_damage(seg);
		break;
	}
	if (seg->injected)
		wire_arrive(seg);
	else
		wire_send_on(seg);
}

/* The text of @skb in pages, each half empty or full; of @headers octets they follow. */
static struct sk_buff *wire_pages(struct wire *w, const struct sk_buff *skb,
				  unsigned int headers)
{
	unsigned int each = PAGE_SIZE >> (skb->len < 8 * PAGE_SIZE), at, n, i = 0;
	struct sk_buff *own = alloc_skb(skb_headroom(skb) + headers, GFP_ATOMIC);
	struct page *page;

	if (!own)
		return NULL;
	skb_reserve(own, skb_headroom(skb));
	skb_copy_bits(skb, 0, skb_put(own, headers), headers);
	skb_copy_header(own, skb);
	for (at = headers; at < skb->len; at += n) {
		page = alloc_page(GFP_ATOMIC);
		if (!page) {
			kfree_skb(own);
			return NULL;
		}
		n = min(skb->len - at, each);
		skb_copy_bits(skb, at, page_address(page), n);
		skb_add_rx_frag(own, i++, page, 0, n, PAGE_SIZE);
	}
	return own;
}

static struct sk_buff *wire_shape(struct wire *w, const struct sk_buff *skb,
				  unsigned int headers)
{
	switch (prandom_u32_state(&w->random) % 4) {
	case 0:
		return skb_copy_expand(skb, skb_headroom(skb) +
				       prandom_u32_state(&w->random) % 8192, 0, GFP_ATOMIC);
	case 1:
		return skb_copy_expand(skb, skb_headroom(skb),
				       prandom_u32_state(&w->random) % 4096, GFP_ATOMIC);
	case 2:
		return wire_pages(w, skb, headers);
	default:
		return skb_copy(skb, GFP_ATOMIC);
	}
}

/* A copy of ours: the sender may use its buffer again while this is under way. */
static struct sk_buff *wire_own(struct wire *w, struct sk_buff *skb,
				const struct wire_packet *p)
{
	const struct tcphdr *th = (struct tcphdr *)(skb->data + p->header_len);
	struct sk_buff *own;

	own = w->shapes ? wire_shape(w, skb, p->header_len + th->doff * 4) :
			  skb_copy(skb, GFP_ATOMIC);
	consume_skb(skb);
	if (own)
		w->heaviest = max(w->heaviest, own->truesize);
	return own;
}

static struct wire_segment *wire_record(struct wire *w, struct sk_buff *skb,
					const struct wire_packet *p)
{
	const struct tcphdr *th = (struct tcphdr *)(skb->data + p->header_len);
	struct wire_segment *seg = wire_segment_new(w);

	if (!seg)
		return NULL;
	if (!wire_record_ends(w, seg, p, th)) {
		kfree(seg);
		return NULL;
	}
	wire_record_header(seg, th, skb->len - p->header_len);
	seg->whole = p->whole;
	seg->ip_id = p->id;
	seg->injected = skb->mark == WIRE_MARK;
	skb->mark = 0;
	if (!seg->injected) {
		seg->sender_state = wire_conn_state(w, seg->from, seg->conn);
		wire_check_checksum(w, skb, p);
	}
	spin_lock_bh(&w->lock);
	wire_enter(w, seg);
	spin_unlock_bh(&w->lock);
	return seg;
}

static unsigned int wire_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct wire_segment *seg;
	struct wire_packet p;
	struct wire *w = priv;

	w->ip->parse(skb, &p);
	/* Injected, and no segment: not for the records. */
	if (skb->mark == WIRE_MARK &&
	    (p.fragment || skb->len < p.header_len + sizeof(struct tcphdr)))
		return NF_ACCEPT;
	w->fragments += p.fragment;
	if (p.protocol != WIRE_PROTOCOL)
		return NF_ACCEPT;
	skb = wire_own(w, skb, &p);
	if (!skb)
		return NF_STOLEN;
	seg = wire_record(w, skb, &p);
	if (!seg) {
		kfree_skb(skb);
		return NF_STOLEN;
	}
	seg->skb = skb;
	seg->okfn = state->okfn;
	wire_dispatch(seg);
	return NF_STOLEN;
}

/* Injecting */

static u32 wire_inject_seq(const struct wire *w, const struct wire_inject *in)
{
	return w->conn[in->conn].isn[in->from] + in->seq;
}

/* The newest timestamps of both ends, unless the test has options of its own. */
static unsigned int wire_inject_options(const struct wire *w,
					const struct wire_inject *in, u8 *p)
{
	const struct wire_conn *conn = &w->conn[in->conn];

	if (in->opt_len) {
		memcpy(p, in->opt, in->opt_len);
		return in->opt_len;
	}
	if (in->no_ts || !conn->ts[A] || !conn->ts[B])
		return 0;
	p[0] = XTCP_OPT_NOP;
	p[1] = XTCP_OPT_NOP;
	p[2] = XTCP_OPT_TS;
	p[3] = XTCP_OLEN_TS;
	put_unaligned_be32(conn->tsval[in->from] - in->ts_age, p + 4);
	put_unaligned_be32(conn->tsval[!in->from], p + 8);
	return XTCP_OLEN_TS_ALIGNED;
}

u8 wire_octet(enum wire_end end, u64 offset)
{
	return (u8)(offset * 7 + (offset >> 8) * 13 + (end == A ? 0 : 101));
}

static void wire_inject_text(const struct wire_inject *in, u8 *p)
{
	u32 first = in->seq - !(in->ctl & XTCP_SYN);
	unsigned int i;

	for (i = 0; i < in->len; i++)
		p[i] = in->junk ? WIRE_JUNK : wire_octet(in->from, first + i);
}

static void wire_inject_header(const struct wire *w, const struct wire_inject *in,
			       struct tcphdr *th, unsigned int opt_len)
{
	th->source = htons(wire_port(w, in->from, in->conn));
	th->dest = htons(wire_port(w, !in->from, in->conn));
	th->seq = htonl(wire_inject_seq(w, in));
	if (in->ctl & XTCP_ACK)
		th->ack_seq = htonl(w->conn[in->conn].isn[!in->from] + in->ack);
	th->doff = in->doff ?: (sizeof(*th) + opt_len) / 4;
	((u8 *)th)[13] = in->ctl;
	th->window = htons(in->wnd ? (u16)in->wnd : XTCP_WINDOW_MAX);
	th->urg_ptr = htons(in->up);
}

static struct wire_packet wire_packet(const struct wire *w, enum wire_end from)
{
	return (struct wire_packet){
		.saddr = w->ip->addr[from],
		.daddr = w->ip->addr[!from],
		.protocol = WIRE_PROTOCOL,
	};
}

static struct sk_buff *wire_inject_build(const struct wire *w,
					 const struct wire_inject *in)
{
	struct sk_buff *skb = alloc_skb(in->len + 256, GFP_ATOMIC);
	struct wire_packet p = wire_packet(w, in->from);
	unsigned int opt_len;
	struct tcphdr *th;

	if (!skb)
		return NULL;
	skb_reserve(skb, 128);
	th = skb_put_zero(skb, sizeof(*th));
	opt_len = wire_inject_options(w, in, (u8 *)(th + 1));
	skb_put(skb, opt_len);
	wire_inject_header(w, in, th, opt_len);
	wire_inject_text(in, skb_put(skb, in->len));
	th->check = w->ip->checksum(&p, skb->len, csum_partial(th, skb->len, 0));
	th->check ^= (__force __sum16)htons(in->bad_checksum);
	if (in->cut)
		skb_trim(skb, in->cut);
	if (in->joined) {
		skb_shinfo(skb)->gso_size = in->joined;
		skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(in->len, in->joined);
		skb_shinfo(skb)->gso_type = w->ip->family == AF_INET ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	}
	w->ip->push(skb, &p);
	if (in->frag_off && w->ip->family == AF_INET) {
		ip_hdr(skb)->frag_off = htons(in->frag_off);
		ip_send_check(ip_hdr(skb));
	}
	return skb;
}

/* As loopback does: the route of the way out is that of the way in. */
static bool wire_inject_route(struct wire *w, enum wire_end from, struct sk_buff *skb)
{
	struct wire_packet p = wire_packet(w, from);
	struct dst_entry *dst = skb ? w->ip->route(&p) : NULL;

	if (!dst) {
		kfree_skb(skb);
		wire_fail(w, WIRE_HERE, "cannot inject");
		return false;
	}
	skb_dst_set(skb, dst);
	skb->dev = init_net.loopback_dev;
	skb->skb_iif = LOOPBACK_IFINDEX;
	skb->protocol = w->ip->ethertype;
	skb->pkt_type = PACKET_HOST;
	skb->mark = WIRE_MARK;
	return true;
}

static void wire_inject_skb(struct wire *w, enum wire_end from, struct sk_buff *skb)
{
	if (!wire_inject_route(w, from, skb))
		return;
	local_bh_disable();
	netif_rx(skb);
	local_bh_enable();
}

void wire_inject_segment(struct wire *w, const struct wire_inject *in)
{
	wire_inject_skb(w, in->from, wire_inject_build(w, in));
}

struct sk_buff *wire_segment_at_hand(struct wire *w, const struct wire_inject *in)
{
	struct sk_buff *skb = wire_inject_build(w, in);

	if (!wire_inject_route(w, in->from, skb))
		return NULL;
	/* As IP leaves it. */
	skb_pull(skb, w->ip->header_len);
	skb_reset_transport_header(skb);
	return skb;
}

void wire_key(const struct wire *w, enum wire_end at, struct wire_key *k)
{
	wire_addrs(w, at, &k->addrs);
	k->key = (struct xtcp_flow_key){
		.net = &init_net,
		.addrs = &k->addrs,
		.local_port = htons(wire_port(w, at, 0)),
		.remote_port = htons(wire_port(w, !at, 0)),
		.dif = LOOPBACK_IFINDEX,
		.family = w->ip->family,
		.protocol = IPPROTO_XTCP,
	};
}

/* The quoted segment: its IP header and 8 octets, in front of which ICMP comes. */
static void wire_icmp_quote(const struct wire *w, enum wire_end to, u32 seq,
			    struct sk_buff *skb)
{
	__be16 *ports = skb_put(skb, 2 * sizeof(*ports));
	__be32 *number = skb_put(skb, sizeof(*number));
	struct wire_packet p = wire_packet(w, to);

	ports[0] = htons(wire_port(w, to, 0));
	ports[1] = htons(wire_port(w, !to, 0));
	*number = htonl(w->conn[0].isn[to] + seq);
	w->ip->push(skb, &p);
}

static void wire_icmp_mtu(struct wire *w, enum wire_end to, enum wire_icmp what,
			  u32 seq, u32 mtu)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	struct wire_packet p = wire_packet(w, !to);

	if (!skb) {
		wire_fail(w, WIRE_HERE, "no memory");
		return;
	}
	skb_reserve(skb, 128);
	wire_icmp_quote(w, to, seq, skb);
	w->ip->push_icmp(skb, what, mtu, &p);
	wire_inject_skb(w, !to, skb);
}

void wire_icmp(struct wire *w, enum wire_end to, enum wire_icmp what, u32 seq)
{
	wire_icmp_mtu(w, to, what, seq, 0);
}

/* Octets of a packet that carries @text octets beside timestamps. */
static unsigned int wire_mtu(const struct wire *w, unsigned int text)
{
	return w->ip->header_len + sizeof(struct tcphdr) + XTCP_OLEN_TS_ALIGNED + text;
}

void wire_icmp_too_big(struct wire *w, enum wire_end to, u32 seq, unsigned int text)
{
	wire_icmp_mtu(w, to, WIRE_TOO_BIG, seq, wire_mtu(w, text));
}

void wire_path(struct wire *w, unsigned int text)
{
	const struct wire_route route = { .mtu = wire_mtu(w, text) };

	WIRE_EQ(w, wire_ip_routes(w->ip, &route), 0);
}

void wire_route_metric(struct wire *w, unsigned int metric, u32 value)
{
	const struct wire_route route = {
		.mtu = wire_mtu(w, WIRE_TEXT),
		.metric = metric,
		.value = value,
	};

	WIRE_EQ(w, wire_ip_routes(w->ip, &route), 0);
}

void wire_no_route(struct wire *w)
{
	const struct wire_route route = { .type = RTN_UNREACHABLE };

	WIRE_EQ(w, wire_ip_routes(w->ip, &route), 0);
}

/* Sockets */

int wire_sockaddr(const struct wire *w, enum wire_end end, unsigned int conn,
		  struct sockaddr_storage *addr)
{
	union nf_inet_addr ip = w->ip->addr[end];

	if (w->sockets != w->ip)
		ipv6_addr_set_v4mapped(ip.ip, &ip.in6);
	return w->sockets->sockaddr(&ip, wire_port(w, end, conn), addr);
}

static int wire_bind(struct wire *w, struct socket *sock, enum wire_end end,
		     unsigned int conn)
{
	struct sockaddr_storage addr;
	int len = wire_sockaddr(w, end, conn, &addr);

	sock->sk->sk_sndtimeo = WIRE_PATIENCE;
	sock->sk->sk_rcvtimeo = WIRE_PATIENCE;
	if (!w->no_reuse)
		sock_set_reuseaddr(sock->sk);
	inet_set_bit(FREEBIND, sock->sk);	/* no device has the addresses */
	return call_bind(sock, &addr, len);
}

static int wire_create(struct wire *w, enum wire_end end, unsigned int conn,
		       struct socket **sock)
{
	int err;

	err = sock_create_kern(&init_net, w->sockets->family, SOCK_STREAM, WIRE_PROTOCOL,
			       sock);
	if (err)
		return err;
	err = wire_bind(w, *sock, end, conn);
	if (err) {
		sock_release(*sock);
		*sock = NULL;
	}
	return err;
}

int wire_socket(struct wire *w, enum wire_end end)
{
	if (w->side[end].sock)
		return 0;
	w->side[end].sent = 0;
	w->side[end].received = 0;
	return wire_create(w, end, 0, &w->side[end].sock);
}

int wire_listen(struct wire *w, enum wire_end end, int backlog)
{
	int err = wire_create(w, end, 0, &w->side[end].listener);

	return err ?: kernel_listen(w->side[end].listener, backlog);
}

int wire_connect_sock(struct wire *w, struct socket *sock, enum wire_end to, int flags)
{
	struct sockaddr_storage addr;
	int len = wire_sockaddr(w, to, 0, &addr);

	return call_connect(sock, &addr, len, flags);
}

static int wire_connect_flags(struct wire *w, enum wire_end end, int flags)
{
	int err = wire_socket(w, end);

	return err ?: wire_connect_sock(w, w->side[end].sock, !end, flags);
}

int wire_connect(struct wire *w, enum wire_end end)
{
	return wire_connect_flags(w, end, 0);
}

int wire_connect_start(struct wire *w, enum wire_end end)
{
	int err = wire_connect_flags(w, end, O_NONBLOCK);

	return err == -EINPROGRESS ? 0 : err ?: -EISCONN;
}

/* One more client, not waited for. */
int wire_client(struct wire *w, unsigned int conn)
{
	int err = wire_create(w, A, conn, &w->client[conn]);

	err = err ?: wire_connect_sock(w, w->client[conn], B, O_NONBLOCK);
	return err == -EINPROGRESS ? 0 : err;
}

/* bind() to the address alone, as with IP_BIND_ADDRESS_NO_PORT. */
static int wire_bind_addr(struct wire *w, struct socket *sock, enum wire_end end)
{
	struct sockaddr_storage addr;
	int len = wire_sockaddr(w, end, 0, &addr);

	((struct sockaddr_in *)&addr)->sin_port = 0;	/* sin6_port is there, too */
	inet_set_bit(BIND_ADDRESS_NO_PORT, sock->sk);
	inet_set_bit(FREEBIND, sock->sk);
	sock->sk->sk_sndtimeo = WIRE_PATIENCE;
	return call_bind(sock, &addr, len);
}

int wire_client_port(struct wire *w, unsigned int conn, u16 low, u16 high)
{
	struct socket **sock = &w->client[conn];
	int err;

	err = sock_create_kern(&init_net, w->sockets->family, SOCK_STREAM, WIRE_PROTOCOL,
			       sock);
	if (err)
		return err;
	WRITE_ONCE(inet_sk((*sock)->sk)->local_port_range, (u32)high << 16 | low);
	err = wire_bind_addr(w, *sock, A);
	err = err ?: wire_connect_sock(w, *sock, B, 0);
	if (err)
		wire_client_release(w, conn);
	return err;
}

int wire_accept(struct wire *w, enum wire_end end)
{
	struct wire_side *side = &w->side[end];
	struct socket *sock;
	int err = kernel_accept(side->listener, &sock, O_NONBLOCK);

	if (err)
		return err;
	wire_release(w, end);
	side->sock = sock;
	side->sent = 0;
	side->received = 0;
	return 0;
}

int wire_option(struct wire *w, enum wire_end end, int level, int name, int value)
{
	struct wire_side *side = &w->side[end];

	return do_sock_setsockopt(side->sock ?: side->listener, false, level, name,
				  KERNEL_SOCKPTR(&value), sizeof(value));
}

int wire_get_option(struct wire *w, enum wire_end end, int level, int name)
{
	struct wire_side *side = &w->side[end];
	int value = 0, len = sizeof(value);
	int err;

	err = do_sock_getsockopt(side->sock ?: side->listener, false, level, name,
				 KERNEL_SOCKPTR(&value), KERNEL_SOCKPTR(&len));
	return err ?: value;
}

struct tcp_info wire_info(struct wire *w, enum wire_end end)
{
	struct wire_side *side = &w->side[end];
	struct sock *sk = (side->sock ?: side->listener)->sk;
	struct tcp_info info = { };

	lock_sock(sk);
	xtcp_info_fill(sk, &info);
	release_sock(sk);
	return info;
}

/* The root directory of the first process: kernel threads, as this one, have an empty one from 7.1 on. */
static void wire_root(struct path *root)
{
	struct task_struct *init;

	rcu_read_lock();
	init = pid_task(find_vpid(1), PIDTYPE_PID);
	task_lock(init);
	get_fs_root(init->fs, root);
	task_unlock(init);
	rcu_read_unlock();
}

bool wire_hash_routes(const struct wire *w)
{
	return XTCP_ECMP_TXHASH && wire_is_ipv6(w);
}

int wire_write_knob(const char *name, const char *text)
{
	struct file *file;
	struct path root;
	char path[80];
	loff_t pos = 0;
	ssize_t ret;

	snprintf(path, sizeof(path), "proc/sys/net/xtcp/%s", name);
	wire_root(&root);
	file = file_open_root(&root, path, O_WRONLY, 0);
	path_put(&root);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_write(file, text, strlen(text), &pos);
	filp_close(file, NULL);
	return ret < 0 ? ret : 0;
}

int wire_linger(struct wire *w, enum wire_end end, int seconds)
{
	struct linger linger = { .l_onoff = 1, .l_linger = seconds };

	return do_sock_setsockopt(w->side[end].sock, false, SOL_SOCKET, SO_LINGER,
				  KERNEL_SOCKPTR(&linger), sizeof(linger));
}

int wire_shutdown(struct wire *w, enum wire_end end, int how)
{
	return kernel_sock_shutdown(w->side[end].sock, how);
}

static void wire_release_one(struct socket **sock)
{
	if (*sock)
		sock_release(*sock);
	*sock = NULL;
}

void wire_client_release(struct wire *w, unsigned int conn)
{
	wire_release_one(&w->client[conn]);
}

void wire_release(struct wire *w, enum wire_end end)
{
	wire_release_one(&w->side[end].sock);
}

void wire_unlisten(struct wire *w, enum wire_end end)
{
	struct socket *listener = w->side[end].listener;

	w->side[end].listener = NULL;
	wire_release_one(&listener);
}

int wire_error(struct wire *w, enum wire_end end)
{
	return -sock_error(w->side[end].sock->sk);
}

void wire_establish(struct wire *w)
{
	if (!w->side[B].listener)
		WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	if (w->test)
		KUNIT_ASSERT_NOT_NULL(w->test, w->side[B].sock);
	wire_epoch(w);
}

/* What attaches one wants a user's pointer. */
void wire_filter(struct wire *w, struct sock *sk, u32 passes)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, passes);
	struct sock_fprog_kern program = { .len = 1, .filter = &code };
	struct sk_filter *filter = kzalloc(sizeof(*filter), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(w->test, filter);
	KUNIT_ASSERT_EQ(w->test, bpf_prog_create(&filter->prog, &program), 0);
	refcount_set(&filter->refcnt, 1);
	atomic_add(bpf_prog_size(filter->prog->len), &sk->sk_omem_alloc);
	rcu_assign_pointer(sk->sk_filter, filter);
}

struct wire *wire_connected(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	wire_unlisten(w, B);
	wire_epoch(w);
	return w;
}

struct wire *wire_puppet(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	return w;
}

/* Text */

static int wire_send_msg(struct wire *w, enum wire_end end, unsigned int n,
			 struct msghdr *msg)
{
	struct wire_side *side = &w->side[end];
	struct kvec vec = { .iov_len = n };
	unsigned int i;
	u8 *text;
	int ret;

	/* A test that has failed to get one goes on. */
	if (!side->sock)
		return -ENOTSOCK;
	text = kvmalloc(n, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	vec.iov_base = text;
	for (i = 0; i < n; i++)
		text[i] = wire_octet(end, side->sent + i);
	ret = kernel_sendmsg(side->sock, msg, &vec, 1, n);
	if (ret > 0)
		side->sent += ret;
	kvfree(text);
	return ret;
}

int wire_send_flags(struct wire *w, enum wire_end end, unsigned int n, int flags)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | flags };

	return wire_send_msg(w, end, n, &msg);
}

int wire_send_fast(struct wire *w, enum wire_end end, unsigned int n)
{
	struct sockaddr_storage addr;
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_FASTOPEN,
		.msg_name = &addr,
		.msg_namelen = wire_sockaddr(w, !end, 0, &addr),
	};
	int err = wire_socket(w, end);

	return err ?: wire_send_msg(w, end, n, &msg);
}

int wire_send(struct wire *w, enum wire_end end, unsigned int n)
{
	return wire_send_flags(w, end, n, 0);
}

static void wire_check_text(struct wire *w, enum wire_end end, const u8 *text, int n)
{
	u64 offset = w->side[end].received;
	char what[80];
	int i;

	for (i = 0; i < n; i++) {
		if (text[i] == wire_octet(!end, offset + i))
			continue;
		snprintf(what, sizeof(what), "octet %llu of the stream to %c is wrong",
			 offset + i, 'A' + end);
		wire_fail(w, WIRE_HERE, what);
		return;
	}
}

int wire_recv(struct wire *w, enum wire_end end, unsigned int n)
{
	struct msghdr msg = { };
	struct kvec vec = { .iov_len = n };
	u8 *text;
	int ret;

	if (!w->side[end].sock)
		return -ENOTSOCK;
	text = kvmalloc(n, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	vec.iov_base = text;
	ret = kernel_recvmsg(w->side[end].sock, &msg, &vec, 1, n, MSG_DONTWAIT);
	if (ret > 0) {
		wire_check_text(w, end, text, ret);
		w->side[end].received += ret;
	}
	kvfree(text);
	return ret;
}

void wire_transfer(struct wire *w, enum wire_end end, unsigned int total,
		   unsigned int limit_ms)
{
	u64 sent = w->side[end].sent, received = w->side[!end].received;
	u64 late = wire_now_us(w) + (u64)limit_ms * USEC_PER_MSEC;

	while (w->side[!end].received - received < total && wire_now_us(w) < late) {
		u64 left = total - (w->side[end].sent - sent);

		if (left)
			wire_send(w, end, min_t(u64, left, 16384));
		while (wire_recv(w, !end, 65536) > 0)
			;
		wire_run_ms(w, 1);
	}
	WIRE_EQ(w, w->side[!end].received - received, total);
}

/* Showing and checking */

static const char *wire_sender_name(const struct wire_segment *seg)
{
	if (seg->injected)
		return "*";
	return seg->copy ? "=" : xtcp_state_name(seg->sender_state);
}

static const char *wire_receiver_name(const struct wire_segment *seg)
{
	if (seg->action == WIRE_DROP)
		return "x";
	return seg->arrived ? xtcp_state_name(seg->receiver_state) : "...";
}

void wire_expect_state(struct wire *w, const char *where, enum wire_end end, u8 state)
{
	u8 seen = wire_state(w, end);
	char text[80];

	if (seen == state)
		return;
	snprintf(text, sizeof(text), "%c is in %s, not %s", 'A' + end,
		 xtcp_state_name(seen), xtcp_state_name(state));
	wire_fail(w, where, text);
}

static void wire_format_flags(const struct wire_segment *seg, char *p)
{
	static const char letters[] = "FSRP.UEC";
	unsigned int i;

	for (i = 0; i < 8; i++) {
		/* PSH says something of text only; a FIN implies it (RFC 9293 3.10.4). */
		if (BIT(i) == XTCP_ACK || (BIT(i) == XTCP_PSH && !seg->len))
			continue;
		if (seg->ctl & BIT(i))
			*p++ = letters[i];
	}
	if (seg->ctl & XTCP_ACK)
		*p++ = '.';
	*p = 0;
}

static int wire_format_options(const struct wire_segment *seg, char *p, int room)
{
	int n = 0;

	if (seg->mss)
		n += scnprintf(p + n, room - n, " mss %u", seg->mss);
	if (seg->has_wscale)
		n += scnprintf(p + n, room - n, " ws %u", seg->wscale);
	if (seg->sack_perm)
		n += scnprintf(p + n, room - n, " sack");
	if (seg->has_ts)
		n += scnprintf(p + n, room - n, " ts");
	return n;
}

/* "P. 1:101 ack 1 win 65535 mss 1012", in front "#2" if of another client. */
static void wire_format_segment(const struct wire *w, const struct wire_segment *seg,
				char *p, int room)
{
	char flags[9];
	int n;

	wire_format_flags(seg, flags);
	n = seg->conn ? scnprintf(p, room, "#%u ", seg->conn) : 0;
	n += scnprintf(p + n, room - n, "%s %d", flags, (s32)seg->seq_rel);
	if (seg->len)
		n += scnprintf(p + n, room - n, ":%d", (s32)seg->seq_rel + seg->len);
	if (seg->ctl & XTCP_ACK)
		n += scnprintf(p + n, room - n, " ack %d", (s32)seg->ack_rel);
	if (seg->ctl & XTCP_URG)
		n += scnprintf(p + n, room - n, " up %u", seg->up);
	if (seg->fastopen_kind && (seg->ctl & XTCP_SYN))
		n += scnprintf(p + n, room - n, seg->cookie_len ? " cookie %u" : " cookie?",
			       seg->cookie_len);
	if (w->show_window)
		n += scnprintf(p + n, room - n, " win %u", seg->wnd);
	if (w->show_options)
		n += wire_format_options(seg, p + n, room - n);
	if (seg->action == WIRE_CORRUPT)
		n += scnprintf(p + n, room - n, " !");
}

static void wire_format_time(const struct wire *w, const struct wire_segment *seg,
			     char *p, int room)
{
	s64 us = div_s64((s64)(seg->sent_ns - w->epoch_ns), NSEC_PER_USEC);
	s64 ms = div_s64(us + 500, 1000);
	s64 off = us - ms * 1000;
	u32 rest;
	u64 sec = div_u64_rem(ms, 1000, &rest);

	if (abs(off) <= 50)	/* the price of reading the clock in a process */
		snprintf(p, room, "%llu.%03u", sec, rest);
	else
		snprintf(p, room, "%llu.%03u~%+lldus", sec, rest, off);
}

static void wire_format(const struct wire *w, const struct wire_segment *seg,
			char *line, int room)
{
	const char *arrow = seg->from == A ? "->" : "<-";
	const char *ends[2];
	char segment[80];
	char time[32];

	ends[seg->from] = wire_sender_name(seg);
	ends[!seg->from] = wire_receiver_name(seg);
	wire_format_time(w, seg, time, sizeof(time));
	wire_format_segment(w, seg, segment, sizeof(segment));
	snprintf(line, room, "%8s %-11s %s %-26s %s %s", time, ends[A], arrow, segment,
		 arrow, ends[B]);
}

static const char *wire_skip_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Two lines, up to amounts of white space. */
static bool wire_line_equal(const char *a, const char *a_end, const char *b)
{
	const char *b_end = b + strlen(b);
	bool a_blank, b_blank;

	a = wire_skip_blank(a, a_end);
	b = wire_skip_blank(b, b_end);
	while (a < a_end && b < b_end) {
		a_blank = *a == ' ' || *a == '\t';
		b_blank = *b == ' ';
		if (a_blank != b_blank || (!a_blank && *a != *b))
			return false;
		a = a_blank ? wire_skip_blank(a, a_end) : a + 1;
		b = b_blank ? wire_skip_blank(b, b_end) : b + 1;
	}
	return wire_skip_blank(a, a_end) == a_end && wire_skip_blank(b, b_end) == b_end;
}

static void wire_print(struct wire *w, char mark, const char *line, int len)
{
	if (w->test)
		kunit_info(w->test, "%c %.*s", mark, len, line);
	else
		pr_info("    # %c %.*s\n", mark, len, line);
}

/* The next segment to show, or NULL. What is shown changes no more. */
static struct wire_segment *wire_next(struct wire *w)
{
	struct wire_segment *seg = NULL;

	spin_lock_bh(&w->lock);
	if (w->shown->next != &w->segments) {
		w->shown = w->shown->next;
		seg = list_entry(w->shown, struct wire_segment, link);
	}
	spin_unlock_bh(&w->lock);
	return seg;
}

/* Prints the ladder: "  " as expected, "-" expected only, "+" seen only. */
static unsigned int wire_compare(struct wire *w, const char *expected)
{
	struct wire_segment *seg;
	unsigned int wrong = 0;
	char line[200];

	while ((seg = wire_next(w))) {
		const char *end = strchrnul(expected, '\n');
		bool equal;

		wire_format(w, seg, line, sizeof(line));
		equal = *expected && wire_line_equal(expected, end, line);
		if (!equal && *expected)
			wire_print(w, '-', expected, end - expected);
		wire_print(w, equal ? ' ' : '+', line, strlen(line));
		wrong += !equal;
		expected = *end ? end + 1 : end;
	}
	while (*expected) {
		const char *end = strchrnul(expected, '\n');

		wire_print(w, '-', expected, end - expected);
		wrong++;
		expected = *end ? end + 1 : end;
	}
	return wrong;
}

void wire_expect(struct wire *w, const char *where, const char *expected)
{
	if (wire_compare(w, expected))
		wire_fail(w, where, "the ladder is another one (- expected, + seen)");
}

/* Beginning and end */

/* lo shall be up, and cut large segments up before the wire sees them. */
static int wire_prepare_lo(struct wire *w)
{
	struct net_device *lo = init_net.loopback_dev;
	int err = 0;

	rtnl_lock();
	w->old_features = lo->wanted_features;
	lo->wanted_features &= ~NETIF_F_GSO_SOFTWARE;
	netdev_update_features(lo);
	if (!(lo->flags & IFF_UP))
		err = dev_change_flags(lo, lo->flags | IFF_UP, NULL);
	rtnl_unlock();
	return err;
}

static void wire_restore_lo(struct wire *w)
{
	struct net_device *lo = init_net.loopback_dev;

	rtnl_lock();
	lo->wanted_features = w->old_features;
	netdev_update_features(lo);
	rtnl_unlock();
}

/* What ladders rely on without saying so; a test may set its own. */
void wire_forget_servers(struct wire *w)
{
	u32 max = w->xn->knobs.fastopen_cache;

	wire_knob(w, fastopen_cache, 0);
	xtcp_fastopen_cache_trim(w->xn);
	wire_knob(w, fastopen_cache, max);
	atomic_set(&w->xn->fastopen.holes, 0);
}

static void wire_set_knobs(struct wire *w)
{
	w->xn = xtcp_net(&init_net);
	w->knobs = w->xn->knobs;
	wire_knob(w, rto_init_ms, 1000);
	wire_knob(w, rto_min_ms, 200);
	wire_knob(w, rto_max_ms, 120000);
	wire_knob(w, delack_ms, 100);
	wire_forget_servers(w);
}

static unsigned int wire_device(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	const struct tcphdr *th;
	struct wire_packet p;
	struct wire *w = priv;
	enum wire_end from;

	w->ip->parse(skb, &p);
	if (p.protocol != WIRE_PROTOCOL || skb->mark == WIRE_MARK)
		return NF_ACCEPT;
	th = (struct tcphdr *)(skb->data + p.header_len);
	from = ntohs(th->source) == w->side[B].port ? B : A;
	return atomic_add_unless(&w->full[from], -1, 0) ? NF_DROP_ERR(-ENOBUFS) : NF_ACCEPT;
}

static int wire_hook_on(struct wire *w)
{
	int err;

	w->hook = (struct nf_hook_ops){
		.hook = wire_hook,
		.priv = w,
		.pf = w->ip->pf,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_FIRST,
	};
	w->device = w->hook;
	w->device.hook = wire_device;
	w->device.hooknum = NF_INET_LOCAL_OUT;
	err = nf_register_net_hook(&init_net, &w->hook);
	if (err)
		return err;
	err = nf_register_net_hook(&init_net, &w->device);
	if (err)
		nf_unregister_net_hook(&init_net, &w->hook);
	return err;
}

static void wire_take_up(struct wire *w)
{
	wire_ip_no_routes(w->ip);
	w->ip->close(w);
	wire_restore_lo(w);
}

static int wire_lay(struct wire *w)
{
	const struct wire_route route = { .mtu = wire_mtu(w, WIRE_TEXT) };
	int err;

	err = wire_prepare_lo(w);
	w->ip->open(w);
	err = err ?: wire_ip_routes(w->ip, &route);
	err = err ?: wire_hook_on(w);
	if (err)
		wire_take_up(w);
	return err;
}

#if IS_ENABLED(CONFIG_IPV6)
#define WIRE_IPV6_OR_NULL (&wire_ipv6)
#else
#define WIRE_IPV6_OR_NULL NULL
#endif

static const struct {
	const struct wire_ip *packets, *sockets;
} wire_families[] = {
	[WIRE_IPV4]	= { &wire_ipv4, &wire_ipv4 },
	[WIRE_IPV6]	= { WIRE_IPV6_OR_NULL, WIRE_IPV6_OR_NULL },
	[WIRE_MAPPED]	= { &wire_ipv4, WIRE_IPV6_OR_NULL },
};

struct wire *wire_open(struct kunit *test, enum wire_family family)
{
	struct wire *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	w->test = test;
	w->ip = wire_families[family].packets;
	w->sockets = wire_families[family].sockets;
	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->segments);
	w->shown = &w->segments;
	w->side[A].port = WIRE_PORT_A;
	w->side[B].port = WIRE_PORT_B;
	w->delay_ns = WIRE_DELAY_MS * NSEC_PER_MSEC;
	wire_set_knobs(w);
	if (w->sockets && !wire_lay(w))
		return w;
	w->xn->knobs = w->knobs;
	kfree(w);
	return NULL;
}

static void wire_release_all(struct wire *w)
{
	unsigned int i;

	for (i = 0; i < WIRE_CONNS; i++)
		wire_release_one(&w->client[i]);
	for (i = A; i <= B; i++) {
		wire_release(w, i);
		wire_unlisten(w, i);
	}
}

static bool wire_quiet(struct wire *w)
{
	struct xtcp_net *xn = w->xn;
	unsigned int bucket = 0, skip = 0;
	struct xtcp_flow *flow;

	rcu_read_lock();
	flow = xtcp_flow_next(&init_net, &bucket, &skip);
	rcu_read_unlock();
	return !flow && !READ_ONCE(w->under_way) && !atomic_read(&xn->requests) &&
		!atomic_read(&xn->time_waits) && !atomic_read(&xn->orphans);
}

/* Everything ends by itself: orphans, TIME_WAIT, what is under way. */
static void wire_wait_quiet(struct wire *w)
{
	struct xtcp_net *xn = w->xn;
	char what[120];
	unsigned int i;

	for (i = 0; i < 2400; i++) {
		if (wire_quiet(w))
			return;
		wire_run_ms(w, 100);
	}
	snprintf(what, sizeof(what),
		 "left over after 240 s: %d requests, %d TIME_WAIT, %d orphans, %u under way",
		 atomic_read(&xn->requests), atomic_read(&xn->time_waits),
		 atomic_read(&xn->orphans), w->under_way);
	wire_fail(w, WIRE_HERE, what);
}

static void wire_free_segments(struct wire *w)
{
	struct wire_segment *seg, *next;

	list_for_each_entry_safe(seg, next, &w->segments, link) {
		hrtimer_cancel(&seg->timer);
		list_del(&seg->link);
		kfree_skb(seg->skb);
		kfree(seg);
	}
	w->shown = &w->segments;
}

void wire_reset(struct wire *w)
{
	wire_memory_is_back(w);
	wire_pass_all(w);
	wire_release_all(w);
	wire_wait_quiet(w);
	wire_free_segments(w);
	memset(w->conn, 0, sizeof(w->conn));
	w->epoch_ns = 0;
}

unsigned int wire_close(struct wire *w)
{
	unsigned int failures;

	wire_reset(w);
	nf_unregister_net_hook(&init_net, &w->device);
	nf_unregister_net_hook(&init_net, &w->hook);
	WIRE_EQ(w, w->bad_checksums, 0);
	WIRE_EQ(w, w->fragments, 0);
	wire_take_up(w);
	w->xn->knobs = w->knobs;
	failures = w->failures;
	kfree(w);
	return failures;
}

static int wire_init_family(struct kunit *test, enum wire_family family)
{
	test->priv = wire_open(test, family);
	return test->priv ? 0 : -ENOMEM;
}

int wire_init(struct kunit *test)
{
	return wire_init_family(test, WIRE_IPV4);
}

int wire_init6(struct kunit *test)
{
	wire_need_ipv6(test);
	return wire_init_family(test, WIRE_IPV6);
}

int wire_init_mapped(struct kunit *test)
{
	wire_need_ipv6(test);
	return wire_init_family(test, WIRE_MAPPED);
}

void wire_need_ipv6(struct kunit *test)
{
	if (!ipv6_mod_enabled())
		kunit_skip(test, "no IPv6 in this kernel");
}

void wire_exit(struct kunit *test)
{
	if (test->priv)
		wire_close(test->priv);
}
