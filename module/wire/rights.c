// SPDX-License-Identifier: GPL-2.0
/*
 * Who may speak protocol 6. Policies that hold for TCP go by a socket's protocol
 * (Landlock, SELinux), which is 253 here whatever is on the wire: to speak 6 is a
 * privilege, CAP_NET_ADMIN over the network namespace, or is given to groups by
 * wire_protocol_6_group_range, as ping_group_range does it for ICMP sockets. What
 * wire_protocol says, sockets speak, but it lets no one: who sets it for all the
 * programs of a namespace need not mean those that are shut in.
 */

#include <linux/cred.h>
#include <linux/sysctl.h>
#include <xtcp/compat.h>
#include <xtcp/hooks.h>
#include <xtcp/net.h>

static bool covers(const struct xtcp_group_range *range, kgid_t gid)
{
	return gid_lte(range->low, gid) && gid_lte(gid, range->high);
}

/* The group it acts as, or one that it is in. */
static bool in_groups(const struct xtcp_group_range *range)
{
	const struct group_info *groups = current_cred()->group_info;
	int i;

	for (i = 0; i < groups->ngroups; i++) {
		if (covers(range, groups->gid[i]))
			return true;
	}
	return covers(range, current_egid());
}

static struct xtcp_group_range read_range(struct xtcp_net *xn)
{
	struct xtcp_group_range range;

	mutex_lock(&xn->hooks_lock);
	range = xn->wire_groups;
	mutex_unlock(&xn->hooks_lock);
	return range;
}

bool xtcp_hooks_allowed(struct xtcp_net *xn)
{
	struct xtcp_group_range range = read_range(xn);

	return in_groups(&range) || ns_capable(xn->net->user_ns, CAP_NET_ADMIN);
}

/* No group at all: the range is empty. */
static const struct xtcp_group_range nobody = {
	.low	= KGIDT_INIT(1),
	.high	= KGIDT_INIT(0),
};

/* Two numbers, of the groups as their writer knows them. */
static int write_range(struct xtcp_net *xn, const char *text)
{
	struct xtcp_group_range range;
	u64 low, high;
	char more;

	if (sscanf(text, "%llu %llu %c", &low, &high, &more) != 2 || max(low, high) > U32_MAX)
		return -EINVAL;
	range.low = make_kgid(current_user_ns(), low);
	range.high = make_kgid(current_user_ns(), high);
	if (!gid_valid(range.low) || !gid_valid(range.high))
		return -EINVAL;
	/* What is a range to its writer may be none here. */
	if (high < low || gid_lt(range.high, range.low))
		range = nobody;
	mutex_lock(&xn->hooks_lock);
	xn->wire_groups = range;
	mutex_unlock(&xn->hooks_lock);
	return 0;
}

static int handle_range(XTCP_CTL_CONST struct ctl_table *ctl, int write, void *buffer,
			size_t *lenp, loff_t *ppos)
{
	struct xtcp_net *xn = ctl->extra1;
	struct xtcp_group_range range = read_range(xn);
	struct ctl_table own = *ctl;
	char text[32];
	int err;

	snprintf(text, sizeof(text), "%u\t%u", from_kgid_munged(current_user_ns(), range.low),
		 from_kgid_munged(current_user_ns(), range.high));
	own.data = text;
	own.maxlen = sizeof(text);
	err = proc_dostring(&own, write, buffer, lenp, ppos);
	return err || !write ? err : write_range(xn, text);
}

void xtcp_hooks_groups_row(struct xtcp_net *xn, struct ctl_table *row)
{
	row->procname = "wire_protocol_6_group_range";
	row->data = &xn->wire_groups;
	row->maxlen = sizeof(xn->wire_groups);
	row->mode = 0644;
	row->proc_handler = handle_range;
	row->extra1 = xn;
}

void xtcp_hooks_init_groups(struct xtcp_net *xn)
{
	xn->wire_groups = net_eq(xn->net, &init_net) ? nobody :
						       read_range(xtcp_net(&init_net));
}
