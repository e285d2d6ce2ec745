// SPDX-License-Identifier: GPL-2.0
/* The beginning and the end of a network namespace. */

#include <linux/random.h>
#include <net/inet_common.h>
#include <xtcp/admin.h>
#include <xtcp/af.h>
#include <xtcp/hooks.h>
#include <xtcp/knobs.h>
#include <xtcp/net.h>
#include <xtcp/timewait.h>

unsigned int xtcp_net_id __read_mostly;

static void draw_secrets(struct xtcp_secrets *secrets)
{
	get_random_bytes(secrets, sizeof(*secrets));
}

static void init_log(struct ratelimit_state *log)
{
	ratelimit_state_init(log, 3600 * HZ, 10);
	ratelimit_set_flags(log, RATELIMIT_MSG_ON_RELEASE);	/* and none of its own */
}

/* A new namespace begins with what the first one has now. */
static void init_knobs(struct xtcp_net *xn)
{
	if (net_eq(xn->net, &init_net))
		xtcp_knobs_defaults(&xn->knobs);
	else
		xn->knobs = xtcp_net(&init_net)->knobs;
}

/* Sends for flows without a socket; not hashed, holds no namespace. */
static int init_ctl_sk(struct xtcp_net *xn)
{
	return inet_ctl_sock_create(&xn->ctl_sk, PF_INET, SOCK_RAW, IPPROTO_XTCP, xn->net);
}

static void exit_ctl_sk(struct xtcp_net *xn)
{
	inet_ctl_sock_destroy(xn->ctl_sk);
}

static int init_proc(struct xtcp_net *xn)
{
	return xtcp_proc_register(xn->net);
}

static void exit_proc(struct xtcp_net *xn)
{
	xtcp_proc_unregister(xn->net);
}

static int init_abort(struct xtcp_net *xn)
{
	return xtcp_abort_register(xn->net);
}

static void exit_abort(struct xtcp_net *xn)
{
	xtcp_abort_unregister(xn->net);
}

/* What a namespace is made of, in order; it ends in the reverse. */
static const struct {
	int (*init)(struct xtcp_net *xn);
	void (*exit)(struct xtcp_net *xn);
} parts[] = {
	{ xtcp_counters_init, xtcp_counters_exit },
	{ init_ctl_sk, exit_ctl_sk },
	{ xtcp_ipv6_net_init, xtcp_ipv6_net_exit },
	{ xtcp_fastopen_init, xtcp_fastopen_exit },
	{ xtcp_timewait_init, xtcp_timewait_exit },
	{ xtcp_hooks_init, xtcp_hooks_exit },	/* no more segments for the records */
	{ init_proc, exit_proc },
	{ init_abort, exit_abort },
	{ xtcp_sysctl_register, xtcp_sysctl_unregister },
};

static void exit_parts(struct xtcp_net *xn, unsigned int count)
{
	while (count--)
		parts[count].exit(xn);
}

static int __net_init netns_init(struct net *net)
{
	struct xtcp_net *xn = xtcp_net(net);
	unsigned int i;
	int err;

	xn->net = net;
	init_knobs(xn);
	draw_secrets(&xn->secrets);
	init_log(&xn->log);
	get_random_bytes(xn->port_counters, sizeof(xn->port_counters));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init(xn);
		if (err) {
			exit_parts(xn, i);
			return err;
		}
	}
	return 0;
}

static void __net_exit netns_exit(struct net *net)
{
	exit_parts(xtcp_net(net), ARRAY_SIZE(parts));
}

static struct pernet_operations ops = {
	.init	= netns_init,
	.exit	= netns_exit,
	.id	= &xtcp_net_id,
	.size	= sizeof(struct xtcp_net),
};

int xtcp_netns_init(void)
{
	return register_pernet_subsys(&ops);
}

void xtcp_netns_exit(void)
{
	unregister_pernet_subsys(&ops);
}
