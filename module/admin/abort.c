// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/xtcp_abort ends connections of a namespace (RFC 9293 3.10.5):
 *
 *	all			listeners, sockets, orphans, half-open, TIME_WAIT
 *	LOCAL:PORT REMOTE:PORT	one connection; [ADDRESS]:PORT for IPv6, and
 *				REMOTE:0 for a listener, as /proc/net/xtcp has it
 *
 * The peer gets an RST where the RFC wants one, who has the socket open
 * ECONNABORTED. Write-only, for CAP_NET_ADMIN over the namespace, as who opened it
 * had it: whoever is root of a user namespace need not have been when its network
 * namespace was made, so that no owner of the file can say it. When write() returns,
 * what no process holds is freed: rmmod waits for no one else.
 */

#include <linux/inet.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file_net.h>
#include <net/ipv6.h>
#include <xtcp/admin.h>
#include <xtcp/listener.h>
#include <xtcp/request.h>
#include <xtcp/sock.h>
#include <xtcp/socket.h>
#include <xtcp/timewait.h>

struct target {
	bool all;
	u8 family;
	union {
		struct xtcp_addrs4 addrs4;
		struct xtcp_addrs6 addrs6;
	};
	__be16 local_port;
	__be16 remote_port;
};

/* --- what to end ----------------------------------------------------------- */

/* Address and port of "A.B.C.D:PORT" or "[ADDRESS]:PORT"; its family, or 0. */
static u8 parse_end(char *word, struct in6_addr *addr, __be16 *port)
{
	char *colon = strrchr(word, ':');
	const char *end;
	u16 number;

	if (!colon || kstrtou16(colon + 1, 10, &number))
		return 0;
	*port = htons(number);
	*colon = 0;
	if (in4_pton(word, -1, (u8 *)addr, -1, &end) && !*end)
		return AF_INET;
	if (word[0] != '[' || colon[-1] != ']')
		return 0;
	colon[-1] = 0;
	return in6_pton(word + 1, -1, addr->s6_addr, -1, &end) && !*end ? AF_INET6 : 0;
}

static int parse_pair(char *text, struct target *t)
{
	char *local = strsep(&text, " "), *remote = text ? skip_spaces(text) : NULL;
	struct in6_addr addrs[2] = { };

	if (!remote)
		return -EINVAL;
	t->family = parse_end(local, &addrs[0], &t->local_port);
	if (!t->family || parse_end(remote, &addrs[1], &t->remote_port) != t->family)
		return -EINVAL;
	if (t->family == AF_INET) {
		t->addrs4.local = addrs[0].s6_addr32[0];
		t->addrs4.remote = addrs[1].s6_addr32[0];
	} else if (ipv6_addr_v4mapped(&addrs[0]) && ipv6_addr_v4mapped(&addrs[1])) {
		/* As ss shows a socket of AF_INET6 that speaks IPv4. */
		t->family = AF_INET;
		t->addrs4.local = addrs[0].s6_addr32[3];
		t->addrs4.remote = addrs[1].s6_addr32[3];
	} else {
		t->addrs6.local = addrs[0];
		t->addrs6.remote = addrs[1];
	}
	return 0;
}

static int parse(char *text, struct target *t)
{
	*t = (struct target){ };
	text = strim(text);
	t->all = !strcmp(text, "all");
	return t->all ? 0 : parse_pair(text, t);
}

/* --- listeners ------------------------------------------------------------- */

static bool bound_as(const struct xtcp_listener *l, const struct target *t)
{
	if (l->local_port != t->local_port || l->sk->sk_family != t->family)
		return false;
	if (t->family == AF_INET6)
		return ipv6_addr_equal(&l->addr, &t->addrs6.local);
	return l->addr.s6_addr32[3] == t->addrs4.local;
}

/* The next listener that is meant, with a reference to it and one to its socket. */
static struct xtcp_listener *find_listener(struct net *net, const struct target *t)
{
	unsigned int bucket = 0, skip = 0;
	struct xtcp_listener *l;

	rcu_read_lock();
	while ((l = xtcp_listener_next(net, &bucket, &skip))) {
		if (!(t->all || bound_as(l, t)) || !refcount_inc_not_zero(&l->refs))
			continue;
		if (refcount_inc_not_zero(&l->sk->sk_refcnt))
			break;
		xtcp_listener_put(l);
	}
	rcu_read_unlock();
	return l;
}

/* Its socket may listen elsewhere by now, or be connected. Both its locks are held. */
static bool listens_still(struct sock *sk, const void *l)
{
	return rcu_access_pointer(xtcp_sk(sk)->own->listener) == l;
}

static int abort_listeners(struct net *net, const struct target *t)
{
	struct xtcp_listener *l;
	struct sock *sk;
	int n = 0;

	/* Each is found once: aborted, it is no listener any more. */
	while (!fatal_signal_pending(current) && (l = find_listener(net, t))) {
		sk = l->sk;
		n += !xtcp_abort_if(sk, ECONNABORTED, listens_still, l);
		sock_put(sk);
		xtcp_listener_put(l);
		cond_resched();
	}
	return n;
}

/* --- flows ----------------------------------------------------------------- */

static bool meant(const struct xtcp_flow *flow, const struct target *t)
{
	return t->all ||
	       (flow->family == t->family && flow->local_port == t->local_port &&
		flow->remote_port == t->remote_port &&
		!memcmp(xtcp_flow_addrs(flow), &t->addrs4,
			xtcp_flow_addrs_len(t->family)));
}

/*
 * A request or record ends here and now. A socket has a lock that someone may
 * hold: it is returned, with a reference, unless it is on its way out already.
 */
static struct sock *end_or_take(struct xtcp_flow *flow)
{
	struct sock *sk;

	switch (flow->kind) {
	case XTCP_FLOW_REQUEST:
		xtcp_request_drop(container_of(flow, struct xtcp_request, flow),
				  XTCP_CNT_REQUEST_ABORTED);
		return NULL;
	case XTCP_FLOW_TIME_WAIT:
		xtcp_timewait_drop(container_of(flow, struct xtcp_time_wait, flow));
		return NULL;
	default:
		sk = xtcp_flow_sk(flow);
		return refcount_inc_not_zero(&sk->sk_refcnt) ? sk : NULL;
	}
}

/* Found without a lock, a socket may be another connection by now. Both its locks are held. */
static bool meant_still(struct sock *sk, const void *t)
{
	const struct xtcp_flow *flow = &xtcp_sk(sk)->flow;

	return xtcp_flow_hashed(flow) && meant(flow, t);
}

/*
 * Whatever was found leaves its chain, by us or by who was faster, so the next
 * look at the chain starts where this one did. New flows may come meanwhile;
 * over all chains, while we stay in one: we come to an end.
 */
static int abort_flows(struct net *net, const struct target *t)
{
	unsigned int bucket = 0, skip = 0;
	struct xtcp_flow *flow;
	struct sock *sk;
	int n = 0;

	do {
		sk = NULL;
		rcu_read_lock();
		flow = xtcp_flow_next(net, &bucket, &skip);
		if (flow && meant(flow, t)) {
			skip--;
			n++;
			sk = end_or_take(flow);
		}
		rcu_read_unlock();
		if (sk) {
			xtcp_abort_if(sk, ECONNABORTED, meant_still, t);
			sock_put(sk);
		}
		cond_resched();
	} while (flow && !fatal_signal_pending(current));
	return n;
}

static int write_abort(struct file *file, char *text, size_t len)
{
	struct net *net = seq_file_single_net(file->private_data);
	struct target t;
	int n, err;

	if (!file_ns_capable(file, net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	err = parse(text, &t);
	if (err)
		return err;
	/* Listeners first: they make new flows. */
	n = t.all || !t.remote_port ? abort_listeners(net, &t) : 0;
	n += abort_flows(net, &t);
	/* Sockets are freed, and let go of the module, after a grace period. */
	rcu_barrier();
	if (fatal_signal_pending(current))
		return -EINTR;
	return n || t.all ? 0 : -ENOENT;
}

/* Root may read it all the same: there is nothing to see. */
static int show_nothing(struct seq_file *seq, void *v)
{
	return 0;
}

int xtcp_abort_register(struct net *net)
{
	return proc_create_net_single_write("xtcp_abort", 0222, net->proc_net,
					    show_nothing, write_abort, NULL) ? 0 : -ENOMEM;
}

void xtcp_abort_unregister(struct net *net)
{
	remove_proc_entry("xtcp_abort", net->proc_net);
}
