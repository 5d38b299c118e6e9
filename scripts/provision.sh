#!/usr/bin/env bash
# Makes everything in AWS that an environment needs, or brings it to what conf/aws/ says: the stack tapestream-<env> of
# conf/aws/template.yaml with the parameters of conf/aws/<env>.json, and the function's code. Changes nothing where nothing has changed.
#
#   scripts/provision.sh local|dev|prod [--set PARAMETER=VALUE]... [--dry-run]
#
# --set      another value for one parameter of the file, for this deployment
# --dry-run  only looks, and prints what would be done
#
# A table of the name that is there already, such as one that teardown.sh kept, is used as it is. The region is that of AWS_REGION,
# AWS_DEFAULT_REGION or the AWS CLI's configuration; credentials are found by the AWS CLI. local is for an emulator only, which AWS_ENDPOINT_URL
# and AWS_CA_BUNDLE lead to.
#
# Prints the stack's outputs, NAME=VALUE. Changes: the stack, the bucket tapestream-code-<account>-<region>, target/lambda/, .venv/.
# Exit codes: 0 fine, 2 usage or configuration, 3 it could not be done.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"
# shellcheck source=scripts/aws.sh
source "$root/scripts/aws.sh"

main() {
  local parameters status dry_run=false settings=()
  read_arguments "$@"
  read_parameters
  connect
  status=$(stack_status)
  require_deployable "$status"
  decide_about_table "$status"
  package
  parameters+=("CodeBucket=$bucket" "CodeKey=$code_key")
  if $dry_run; then
    tell_plan "$status"
    exit 0
  fi
  upload_code
  deploy
  ensure_code_is_live "$(parameter FunctionName)"
  print_outputs
}

read_arguments() {
  require_environment "${1:-}"
  shift
  while (($# > 0)); do
    case $1 in
      --dry-run) dry_run=true ;;
      --set)
        [[ ${2:-} == [A-Za-z]*=* ]] || fail 2 "not a parameter: option=--set value=${2:-} (expected: PARAMETER=VALUE)"
        settings+=("$2")
        shift
        ;;
      *) fail 2 "unknown option: option=${1%%=*} (expected: --set PARAMETER=VALUE or --dry-run; --help tells more)" ;;
    esac
    shift
  done
}

# read_parameters: sets parameters, lines NAME=VALUE, from the file and --set.
read_parameters() {
  local python told
  python=$(python_program)
  told=$("$python" "$root/scripts/stack_parameters.py" "$parameter_file" ${settings[@]+"${settings[@]}"}) || fail 2 "$told"
  mapfile -t parameters <<<"$told"
}

# parameter NAME: the value of one parameter.
parameter() {
  printf '%s\n' "${parameters[@]}" | sed -n "s/^$1=//p"
}

# decide_about_table STATUS: adds CreateTable: false if a table of that name is there and is not this stack's.
decide_about_table() {
  local status=$1 table own='' key create=true
  table=$(parameter TableName)
  key=$(table_key "$table")
  if [[ -n $status ]]; then
    own=$(ask_rows cloudformation list-stack-resources --stack-name "$stack" \
      --query "StackResourceSummaries[?LogicalResourceId=='TradeTable' && !starts_with(ResourceStatus,'DELETE')].PhysicalResourceId")
  fi
  if [[ $own == "$table" ]]; then
    [[ -n $key ]] || fail 3 "table gone: table=$table stack=$stack (it was deleted beside the stack: scripts/teardown.sh $environment, then again)"
  elif [[ -n $key ]]; then
    [[ $key == $'trade_id\tHASH' ]] \
      || fail 3 "table of another kind: table=$table key=${key//$'\n'/,} (expected: trade_id HASH; set another TableName)"
    say "using the table $table as it is, with the index and the time-to-live that it has"
    create=false
  fi
  parameters+=("CreateTable=$create")
}

tell_plan() {
  local status=$1
  printf 'account %s, region %s\n' "$account" "$region"
  if ! bucket_exists; then
    printf 'would make the bucket %s\n' "$bucket"
    printf 'would upload the code to s3://%s/%s\n' "$bucket" "$code_key"
  elif ! code_is_uploaded; then
    printf 'would upload the code to s3://%s/%s\n' "$bucket" "$code_key"
  fi
  printf 'would %s the stack %s with\n' "$([[ -n $status ]] && echo update || echo make)" "$stack"
  printf '  %s\n' "${parameters[@]}"
}

deploy() {
  say "deploying the stack $stack in $region of account $account"
  aws cloudformation deploy \
    --stack-name "$stack" \
    --template-file "$template" \
    --parameter-overrides "${parameters[@]}" \
    --capabilities CAPABILITY_NAMED_IAM \
    --tags project=tapestream "environment=$environment" \
    --no-fail-on-empty-changeset >&2 && return
  tell_failures
  fail 3 "stack not deployed: stack=$stack status=$(stack_status) (what failed is above)"
}

print_outputs() {
  ask cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' \
    | sort | tr '\t' '='
}

main "$@"
