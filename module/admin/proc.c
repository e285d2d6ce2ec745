// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/xtcp and xtcp6, in the columns of /proc/net/tcp and tcp6, so that
 * ss can read them: listeners, then the flow table with requests and TIME_WAIT
 * records. What belongs to an AF_INET6 socket is in xtcp6, whatever it speaks.
 * One column more, the last: milliseconds since it entered its state; of a request,
 * since its SYN-ACK was due last; of a record, since 2MSL began (anew).
 * /proc/net/xtcp_netstat, in the two lines of /proc/net/netstat, for nstat.
 * /proc/net/xtcp_sockstat, in the manner of /proc/net/sockstat: what there is now.
 */

#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <xtcp/admin.h>
#include <xtcp/listener.h>
#include <xtcp/request.h>
#include <xtcp/sock.h>
#include <xtcp/socket.h>
#include <xtcp/state.h>
#include <xtcp/timewait.h>

#define ROW_WIDTH 160

/* Timer column of /proc/net/tcp */
enum { TR_NONE, TR_RETRANSMIT, TR_KEEPALIVE, TR_TIME_WAIT, TR_PROBE };

struct row {
	u8 family;			/* of the socket, and of the file */
	struct in6_addr local;		/* IPv4: the last word */
	struct in6_addr remote;
	__be16 local_port;
	__be16 remote_port;
	u8 state;
	u32 tx_queue;
	u32 rx_queue;
	u8 timer;
	u64 left_ns;
	u32 retransmits;
	kuid_t uid;
	u32 timeout;
	u64 inode;
	int refs;
	const void *address;
	u64 rto_ns;
	u64 ato_ns;
	u32 quick;
	u32 cwnd;
	int ssthresh;
	u64 age_ms;
};

static unsigned long clock_ticks(u64 ns)
{
	return div_u64(ns, NSEC_PER_SEC / USER_HZ);
}

static void show_address(struct seq_file *seq, u8 family,
			 const struct in6_addr *addr, __be16 port)
{
	int i;

	for (i = family == AF_INET6 ? 0 : 3; i < 4; i++)
		seq_printf(seq, "%08X", (__force u32)addr->s6_addr32[i]);
	seq_printf(seq, ":%04X ", ntohs(port));
}

static u32 age_of_socket(const struct xtcp_sock *xs)
{
	return jiffies_to_msecs((u32)jiffies - READ_ONCE(xs->state_since));
}

static u64 age_of_wait(const struct xtcp_fifo_entry *wait)
{
	return div_u64(ktime_get_ns() - wait->start_ns, NSEC_PER_MSEC);
}

static void show_row(struct seq_file *seq, const struct row *row, int number)
{
	/* As in the kernel's: rows of one width for IPv4 only. */
	if (row->family == AF_INET)
		seq_setwidth(seq, ROW_WIDTH);
	seq_printf(seq, "%4d: ", number);
	show_address(seq, row->family, &row->local, row->local_port);
	show_address(seq, row->family, &row->remote, row->remote_port);
	seq_printf(seq, "%02X %08X:%08X %02X:%08lX %08X %5u %8d %llu %d %pK %lu %lu %u %u %d %llu",
		   row->state, row->tx_queue, row->rx_queue, row->timer, clock_ticks(row->left_ns),
		   row->retransmits, from_kuid_munged(seq_user_ns(seq), row->uid),
		   row->timeout, row->inode, row->refs, row->address,
		   clock_ticks(row->rto_ns), clock_ticks(row->ato_ns), row->quick,
		   row->cwnd, row->ssthresh, row->age_ms);
	if (row->family == AF_INET)
		seq_pad(seq, '\n');
	else
		seq_putc(seq, '\n');
}

/* The socket's family: requests and records remember it. */
static u8 family_of(const struct xtcp_flow *flow)
{
	return flow->mapped ? AF_INET6 : flow->family;
}

static void row_of_flow(struct row *row, const struct xtcp_flow *flow)
{
	const struct xtcp_addrs6 *addrs6 = xtcp_flow_addrs(flow);

	*row = (struct row){
		.family		= family_of(flow),
		.local_port	= flow->local_port,
		.remote_port	= flow->remote_port,
		.address	= flow,
	};
	if (flow->family == AF_INET) {
		ipv6_addr_set_v4mapped(flow->addrs4.local, &row->local);
		ipv6_addr_set_v4mapped(flow->addrs4.remote, &row->remote);
	} else {
		row->local = addrs6->local;
		row->remote = addrs6->remote;
	}
}

static void timer_of_socket(struct row *row, const struct xtcp_sock *xs)
{
	if (READ_ONCE(xs->due_ns[XTCP_TIMER_RETRANSMIT])) {
		row->timer = TR_RETRANSMIT;
		row->left_ns = xtcp_timers_left_ns(xs, XTCP_TIMER_RETRANSMIT);
	} else if (READ_ONCE(xs->due_ns[XTCP_TIMER_PERSIST])) {
		row->timer = TR_PROBE;
		row->left_ns = xtcp_timers_left_ns(xs, XTCP_TIMER_PERSIST);
	} else if (READ_ONCE(xs->due_ns[XTCP_TIMER_FIN_WAIT_2])) {
		row->timer = TR_KEEPALIVE;
		row->left_ns = xtcp_timers_left_ns(xs, XTCP_TIMER_FIN_WAIT_2);
	} else if (READ_ONCE(xs->due_ns[XTCP_TIMER_KEEPALIVE])) {
		row->timer = TR_KEEPALIVE;
		row->left_ns = xtcp_timers_left_ns(xs, XTCP_TIMER_KEEPALIVE);
	}
}

/* Under RCU and no lock: a row may be of two moments of one socket, not of two sockets. */
static void row_of_socket(struct row *row, struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u32 mss = READ_ONCE(xs->cong.mss) ?: 1;

	row->uid = sk->sk_uid;
	row->inode = sock_i_ino(sk);
	row->refs = refcount_read(&sk->sk_refcnt);
	row->state = sk->sk_state;
	row->tx_queue = READ_ONCE(xs->snd.write_seq) - READ_ONCE(xs->tcb.snd_una);
	row->rx_queue = READ_ONCE(xs->tcb.rcv_nxt) - READ_ONCE(xs->rcv.copied_seq);
	row->retransmits = xs->retransmits;
	row->timeout = xs->probes;
	row->rto_ns = (u64)xs->rtt.rto_us * NSEC_PER_USEC;
	row->ato_ns = (u64)xtcp_knob(xtcp_sk_net(sk), delack_ms) * NSEC_PER_MSEC;
	row->quick = xs->rcv.quick_acks << 1;
	row->cwnd = xs->cong.cwnd / mss;
	row->age_ms = age_of_socket(xs);
	row->ssthresh = xs->cong.ssthresh == U32_MAX ? -1 : (int)(xs->cong.ssthresh / mss);
	timer_of_socket(row, xs);
}

/* rx_queue: children waiting for accept(); tx_queue: requests half open. */
static void show_listener(struct seq_file *seq, const struct xtcp_listener *l, int number)
{
	struct sock *sk = l->sk;
	struct row row = {
		.family		= sk->sk_family,
		.local		= l->addr,
		.local_port	= l->local_port,
		.state		= TCP_LISTEN,
		.rx_queue	= READ_ONCE(l->accept_len),
		.tx_queue	= READ_ONCE(l->requests.len),
		.uid		= sk->sk_uid,
		.inode		= sock_i_ino(sk),
		.refs		= refcount_read(&sk->sk_refcnt),
		.address	= sk,
		.rto_ns		= (u64)xtcp_sk(sk)->rtt.rto_us * NSEC_PER_USEC,
		.age_ms		= age_of_socket(xtcp_sk(sk)),
	};

	show_row(seq, &row, number);
}

static void show_flow(struct seq_file *seq, struct xtcp_flow *flow, int number)
{
	struct xtcp_time_wait *tw;
	struct xtcp_request *req;
	struct row row;

	row_of_flow(&row, flow);
	switch (flow->kind) {
	case XTCP_FLOW_SOCKET:
		row_of_socket(&row, xtcp_flow_sk(flow));
		break;
	case XTCP_FLOW_REQUEST:
		req = container_of(flow, struct xtcp_request, flow);
		row.state = TCP_SYN_RECV;
		row.timer = TR_RETRANSMIT;
		row.retransmits = req->retransmits;
		row.uid = req->listener->sk->sk_uid;
		row.left_ns = xtcp_request_left_ns(req);
		row.age_ms = age_of_wait(&req->wait);
		break;
	case XTCP_FLOW_TIME_WAIT:
		tw = container_of(flow, struct xtcp_time_wait, flow);
		row.state = TCP_TIME_WAIT;
		row.timer = TR_TIME_WAIT;
		row.left_ns = xtcp_timewait_left_ns(tw);
		row.age_ms = age_of_wait(&tw->wait);
		break;
	}
	show_row(seq, &row, number);
}

/* --- walking -------------------------------------------------------------- */

struct walk {
	struct seq_net_private p;
	bool in_flows;			/* past the listeners */
	unsigned int bucket;
	unsigned int skip;
};

static u8 family_of_file(const struct seq_file *seq)
{
	return (uintptr_t)pde_data(file_inode(seq->file));
}

static void *step(struct seq_file *seq)
{
	struct walk *walk = seq->private;
	struct net *net = seq_file_net(seq);
	u8 family = family_of_file(seq);
	void *next;

	if (!walk->in_flows) {
		do {
			next = xtcp_listener_next(net, &walk->bucket, &walk->skip);
		} while (next && ((struct xtcp_listener *)next)->sk->sk_family != family);
		if (next)
			return next;
		walk->in_flows = true;
		walk->bucket = 0;
		walk->skip = 0;
	}
	do {
		next = xtcp_flow_next(net, &walk->bucket, &walk->skip);
	} while (next && family_of(next) != family);
	return next;
}

static void *walk_start(struct seq_file *seq, loff_t *pos) __acquires(RCU)
{
	struct walk *walk = seq->private;

	rcu_read_lock();
	if (*pos) {
		/* Read on, where walk_next() was last: that one was not shown yet. */
		walk->skip -= !!walk->skip;
		return step(seq);
	}
	walk->in_flows = false;
	walk->bucket = 0;
	walk->skip = 0;
	return SEQ_START_TOKEN;
}

static void *walk_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return step(seq);
}

static void walk_stop(struct seq_file *seq, void *v) __releases(RCU)
{
	rcu_read_unlock();
}

static int walk_show(struct seq_file *seq, void *v)
{
	struct walk *walk = seq->private;

	if (v == SEQ_START_TOKEN && family_of_file(seq) == AF_INET6) {
		seq_puts(seq, "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
	} else if (v == SEQ_START_TOKEN) {
		seq_setwidth(seq, ROW_WIDTH);
		seq_puts(seq, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
		seq_pad(seq, '\n');
	} else if (walk->in_flows) {
		show_flow(seq, v, seq->index - 1);
	} else {
		show_listener(seq, v, seq->index - 1);
	}
	return 0;
}

static const struct seq_operations walk_ops = {
	.start	= walk_start,
	.next	= walk_next,
	.stop	= walk_stop,
	.show	= walk_show,
};

/* --- counters ------------------------------------------------------------- */

static int show_counters(struct seq_file *seq, void *v)
{
	struct xtcp_net *xn = xtcp_net(seq->private);
	unsigned int i;

	seq_puts(seq, "Xtcp:");
	for (i = 0; i < XTCP_COUNTERS; i++)
		if (xtcp_counters_name(i))
			seq_printf(seq, " %s", xtcp_counters_name(i));
	seq_puts(seq, "\nXtcp:");
	for (i = 0; i < XTCP_COUNTERS; i++)
		if (xtcp_counters_name(i))
			seq_printf(seq, " %llu", xtcp_counters_read(xn, i));
	seq_putc(seq, '\n');
	return 0;
}

static bool create_walk(struct net *net, const char *name, u8 family)
{
	return proc_create_net_data(name, 0444, net->proc_net, &walk_ops,
				    sizeof(struct walk), (void *)(uintptr_t)family);
}

/* "inuse": all but those CLOSED. "alloc", "mem" (pages): of all namespaces. */
static int show_sockets(struct seq_file *seq, void *v)
{
	struct xtcp_net *xn = xtcp_net(seq->private);
	u64 in[XTCP_STATES] = { }, inuse = 0;
	int i;

	for (i = XTCP_ESTABLISHED; i < XTCP_STATES; i++) {
		in[i] = xtcp_counters_sockets(xn, i);
		inuse += in[i];
	}
	seq_printf(seq, "XTCP: inuse %llu orphan %d halfopen %d tw %d alloc %lld mem %ld\nXTCPSTATES:",
		   inuse, atomic_read(&xn->orphans), atomic_read(&xn->requests),
		   atomic_read(&xn->time_waits),
		   percpu_counter_sum_positive(xtcp_prot.sockets_allocated),
		   proto_memory_allocated(&xtcp_prot));
	for (i = XTCP_ESTABLISHED; i < XTCP_STATES; i++)
		if (i != XTCP_CLOSED && i != XTCP_TIME_WAIT)
			seq_printf(seq, " %s %llu", xtcp_state_name(i), in[i]);
	seq_putc(seq, '\n');
	return 0;
}

int xtcp_proc_register(struct net *net)
{
	if (!create_walk(net, "xtcp", AF_INET))
		return -ENOMEM;
	if (ipv6_mod_enabled() && !create_walk(net, "xtcp6", AF_INET6))
		goto err_xtcp;
	if (!proc_create_net_single("xtcp_netstat", 0444, net->proc_net, show_counters,
				    NULL))
		goto err_xtcp6;
	if (!proc_create_net_single("xtcp_sockstat", 0444, net->proc_net, show_sockets,
				    NULL))
		goto err_netstat;
	return 0;

err_netstat:
	remove_proc_entry("xtcp_netstat", net->proc_net);
err_xtcp6:
	if (ipv6_mod_enabled())
		remove_proc_entry("xtcp6", net->proc_net);
err_xtcp:
	remove_proc_entry("xtcp", net->proc_net);
	return -ENOMEM;
}

void xtcp_proc_unregister(struct net *net)
{
	remove_proc_entry("xtcp_sockstat", net->proc_net);
	remove_proc_entry("xtcp_netstat", net->proc_net);
	if (ipv6_mod_enabled())
		remove_proc_entry("xtcp6", net->proc_net);
	remove_proc_entry("xtcp", net->proc_net);
}
